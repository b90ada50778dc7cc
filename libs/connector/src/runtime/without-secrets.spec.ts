import { accepted, rejected } from '@percorso/plugin-kit';
import { withoutSecrets } from './without-secrets';

it('takes the secrets out of what a provider says, and looks for them only then', () => {
  const secrets = jest.fn(() => ['hunter22', 'x']);
  expect(withoutSecrets([accepted('1')], secrets)).toEqual([accepted('1')]);
  expect(secrets).not.toHaveBeenCalled();
  const said = rejected('auth', 'Login percorso/hunter22 failed: x.');
  expect(withoutSecrets([accepted(), said], secrets)).toEqual([
    accepted(),
    { ...said, reason: 'Login percorso/••• failed: x.' },
  ]);
});
