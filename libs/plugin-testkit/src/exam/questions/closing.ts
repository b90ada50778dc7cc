import assert from 'node:assert/strict';
import { OpenApiContract } from '../../contract';
import type { Ground } from '../ground';
import type { ContractPaper, AnyPaper, Stoppable } from '../paper';
import type { Question } from './question';

/** Asked last, of all that happened. */
export function closing(paper: AnyPaper): Question[] {
  const { contract } = paper;
  const document = contract?.document;
  return [
    ...(contract && document !== undefined
      ? [
          {
            name: "every request satisfies the vendor's OpenAPI document",
            ask: (ground: Ground) => satisfied(ground, contract, document),
          },
        ]
      : []),
    { name: 'the log holds neither people nor secrets', ask: logIsClean },
  ];
}

async function satisfied(
  { twin }: Ground,
  contract: ContractPaper<Stoppable>,
  document: string,
): Promise<void> {
  const judge = OpenApiContract.read(document);
  const calls = (await contract.calls(twin)).filter(({ status }) => status < 400);
  assert(
    calls.some(({ body }) => body !== ''),
    'the twin took no request with a body',
  );
  const problems = [...new Set(calls.flatMap((call) => judge.problems(call)))];
  assert(problems.length === 0, `against the document:\n- ${problems.slice(0, 20).join('\n- ')}`);
}

async function logIsClean(ground: Ground): Promise<void> {
  const log = ground.run.logged().join('\n');
  const found = ground.secretsAndPeople().filter((one) => log.includes(one));
  assert(found.length === 0, `the log holds ${found.length} secrets or people`);
}
