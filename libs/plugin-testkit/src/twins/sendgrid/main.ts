import { orExit, serveTwin } from '../http/serve-twin';
import type { SendGridMessage } from './contract';
import { answer } from './mail-api';
import { webhookRoutes } from './webhooks';

orExit(
  serveTwin<SendGridMessage>(['api-key'], (journal, given) => ({
    answer: (call) =>
      answer(call, String(given['api-key']), (messages) => void journal.append(messages, new Date())),
    routes: webhookRoutes((to) => journal.since(0).findLast((message) => message.to === to)),
  })),
);
