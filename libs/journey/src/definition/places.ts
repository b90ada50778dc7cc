import { at } from '@percorso/segmentation';
import type { AwaitArm, Entry, JourneyDefinition, ProfileCondition, Step, Watch } from './definition';
import { stepPointer } from './edges';

/** What a journey refers to or asks, each with the RFC 6901 pointer into the JSON that was written. */
export interface Places {
  /** JSONata; `sees` tells over which document. */
  expressions: { pointer: string; expression: string; sees: 'profile' | 'response' }[];
  /** Conditions of the segment language. */
  conditions: { pointer: string; condition: ProfileCondition }[];
  audiences: { pointer: string; id: string; needsList: boolean }[];
  connectors: { pointer: string; id: string; step: string; use: 'send' | 'call' }[];
  journeys: { pointer: string; id: string; step: string }[];
}

/** Everything of a journey that is looked up, asked or evaluated outside of the engine, in reading order. */
export function placesOf(journey: JourneyDefinition): Places {
  const places: Places = { expressions: [], conditions: [], audiences: [], connectors: [], journeys: [] };
  journey.entries.forEach((entry, index) => ofEntry(entry, at('/entries', index), places));
  if (journey.where) places.conditions.push({ pointer: '/where', condition: journey.where });
  if (journey.goal) ofWatch(journey.goal.watch, '/goal', places);
  journey.exits.forEach((exit, index) => ofWatch(exit, at('/exits', index), places));
  for (const [id, step] of Object.entries(journey.steps)) ofStep(id, step, places);
  return places;
}

/** Where the condition of a branch's arm, or of a loop, is written. */
export const armCondition = (step: string, arm: number): string => `${stepPointer(step)}/branch/${arm}/where`;
const loopCondition = (step: string): string => `${stepPointer(step)}/loop/while`;

const audience = (pointer: string, id: string, needsList = false): Places['audiences'][number] => ({
  pointer,
  id,
  needsList,
});

function ofEntry(entry: Entry, pointer: string, places: Places): void {
  if (entry.kind === 'audience') places.audiences.push(audience(`${pointer}/audience/id`, entry.audience.id));
  if (entry.kind === 'read' || entry.kind === 'business') {
    places.audiences.push(audience(`${pointer}/${entry.kind}/audience`, entry.audienceId));
  }
}

function ofWatch(watch: Watch | AwaitArm['for'], pointer: string, places: Places): void {
  if ('audience' in watch) places.audiences.push(audience(`${pointer}/audience/id`, watch.audience.id));
}

function ofStep(id: string, step: Step, places: Places): void {
  const pointer = `${stepPointer(id)}/${step.kind}`;
  const ask = (test: ProfileCondition | { jsonata: string }, place: string): void => {
    if ('jsonata' in test) express(test.jsonata, `${place}/jsonata`);
    else places.conditions.push({ pointer: place, condition: test });
  };
  const express = (expression: string, place: string, sees: 'profile' | 'response' = 'profile'): void => {
    places.expressions.push({ pointer: place, expression, sees });
  };
  const expressAll = (named: Record<string, string>, place: string, sees?: 'response'): void => {
    for (const [name, expression] of Object.entries(named)) express(expression, at(place, name), sees);
  };
  switch (step.kind) {
    case 'send':
    case 'call':
      places.connectors.push({
        pointer: `${pointer}/connector`,
        id: step.connectorId,
        step: id,
        use: step.kind,
      });
      express(step.content.jsonata, `${pointer}/content/jsonata`);
      if (step.kind === 'call') expressAll(step.into, `${pointer}/into`, 'response');
      break;
    case 'wait':
      if ('jsonata' in step.until) express(step.until.jsonata, `${pointer}/jsonata`);
      break;
    case 'await':
      step.arms.forEach((arm, index) => ofWatch(arm.for, `${pointer}/any/${index}`, places));
      break;
    case 'branch':
      step.arms.forEach(({ where }, index) => ask(where, armCondition(id, index)));
      break;
    case 'loop':
      if (step.while) ask(step.while, loopCondition(id));
      break;
    case 'update':
      expressAll(step.traits, `${pointer}/traits`);
      expressAll(step.context, `${pointer}/context`);
      step.lists.forEach(({ audienceId }, index) =>
        places.audiences.push(audience(`${pointer}/lists/${index}/audience`, audienceId, true)),
      );
      break;
    case 'jump':
      places.journeys.push({ pointer: `${pointer}/journey`, id: step.journeyId, step: id });
      expressAll(step.context, `${pointer}/context`);
      break;
  }
}
