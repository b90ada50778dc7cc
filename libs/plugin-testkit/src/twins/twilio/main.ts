import { orExit, serveTwin } from '../http/serve-twin';
import { callbackRoutes } from './callbacks';
import type { TwilioMessage } from './contract';
import { answer } from './messages-api';

orExit(
  serveTwin<TwilioMessage>(['account-sid', 'auth-token'], (journal, given) => {
    const account = { sid: String(given['account-sid']), token: String(given['auth-token']) };
    return {
      answer: (call) => answer(call, account, (message) => void journal.append([message], new Date())),
      routes: callbackRoutes(account, (sid) => journal.since(0).find((message) => message.sid === sid)),
    };
  }),
);
