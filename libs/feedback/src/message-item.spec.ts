import type { MessageEvent } from '@percorso/plugin-kit';
import { messageEventName } from '@percorso/delivery';
import { messageItem } from './message-item';

const bounce: MessageEvent = {
  id: 'log-7',
  type: 'bounced',
  channel: 'email',
  address: 'ada@example.test',
  at: '2026-11-01T10:00:00.000Z',
  bounce: 'hard',
  reason: 'user unknown',
};

describe('messageItem', () => {
  it('tells a provider’s fact once, whoever tells it again', () => {
    const [one, two] = [
      messageItem('c1', bounce, { who: { userId: 'u1' } }),
      messageItem('c1', { ...bounce }, { who: { userId: 'u1' } }),
    ];
    expect(one).toEqual(two);
    expect(one).toMatchObject({ messageId: 'c1:log-7', type: 'track', event: 'Email Bounced', userId: 'u1' });
    expect(messageItem('c2', bounce, { who: { userId: 'u1' } })).toMatchObject({ messageId: 'c2:log-7' });
  });

  it('carries what happened and not the address, which the profile has', () => {
    const item = messageItem('c1', bounce, { who: { userId: 'u1' } });
    expect(item).toMatchObject({
      properties: { bounce: 'hard', reason: 'user unknown', connector_id: 'c1' },
    });
    expect(JSON.stringify(item)).not.toContain('ada@example.test');
  });

  it.each<[MessageEvent['type'], string, string]>([
    ['delivered', 'email', 'Email Delivered'],
    ['opened', 'email', 'Email Opened'],
    ['clicked', 'email', 'Email Link Clicked'],
    ['complained', 'email', 'Email Marked as Spam'],
    ['unsubscribed', 'email', 'Unsubscribed'],
    ['delivered', 'sms', 'SMS Delivered'],
    ['sent', 'fax', 'fax Sent'],
  ])('%s on %s is "%s"', (type, channel, name) => expect(messageEventName({ type, channel })).toBe(name));
});
