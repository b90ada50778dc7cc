import { isAtLeast } from './versions';

describe('isAtLeast', () => {
  it.each([
    ['15.4 (Debian 15.4-1)', '15', true],
    ['14.22', '15', false],
    ['24.8.1.1', '24.8', true],
    ['24.10.2', '24.8', true],
    ['24.7.9', '24.8', false],
    ['25.1', '24.8', true],
    ['6.2.0', '6.2', true],
    ['6.0.16', '6.2', false],
    ['10.0.0', '6.2', true],
  ])('%s against %s is %s', (version, minimum, expected) => {
    expect(isAtLeast(version, minimum)).toBe(expected);
  });
});
