export { JourneyModule } from './journey.module';
export { JourneyWorkerModule, type JourneyWorkerOptions } from './journey-worker.module';
export type * from './definition/definition';
export { parseJourney, type ParsedJourney } from './definition/parse-journey';
export { arrangeJourney, formatJourney } from './definition/arrange-journey';
export { journeySchema } from './definition/journey.schema';
export { type Places, placesOf } from './definition/places';
export type * from './engine/protocol';
export type * from './engine/instance';
