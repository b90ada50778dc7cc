export type * from './definition/definition';
export { parseJourney, type ParsedJourney } from './definition/parse-journey';
export { arrangeJourney, formatJourney } from './definition/arrange-journey';
export { journeySchema } from './definition/journey.schema';
export { type Places, placesOf } from './definition/places';
export { advance, dueOf, enter, type Entering } from './engine/advance';
export type * from './engine/instance';
export type * from './engine/protocol';
export { visitKey } from './engine/visit-key';
