import { orExit, serveTwin } from '../http/serve-twin';
import type { KeyedMessage } from './contract';
import { KeyedMessagesApi } from './messages-api';

orExit(
  serveTwin<KeyedMessage>(['api-key'], (journal, given) => {
    const api = new KeyedMessagesApi(
      String(given['api-key']),
      journal.since(0),
      (message) => void journal.append([message], new Date()),
    );
    return { answer: (call) => api.answer(call), routes: [] };
  }),
);
