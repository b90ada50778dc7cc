import { startTestEngines, type TestEngines } from '@percorso/engines';
import { ProfileFixture } from './profile-fixture';

/** For specs: one fixture for all tests of a `describe`. @param take told of it before the first test */
export function useProfileFixture(take: (fixture: ProfileFixture, engines: TestEngines) => void): void {
  let engines: TestEngines | undefined;
  let fixture: ProfileFixture | undefined;

  beforeAll(async () => {
    engines = await startTestEngines();
    fixture = await ProfileFixture.over(engines);
    take(fixture, engines);
  }, 120_000);

  afterAll(async () => {
    await fixture?.close();
    await engines?.stop();
  });
}
