import type { JourneyView, JourneyVersionView } from './journey.dto';
import type { JourneyRow, VersionRow } from './journey.store';

export function journeyView({ newestVersion, isDraft, ...row }: JourneyRow): JourneyView {
  return { ...row, newestVersion, draftVersion: isDraft ? newestVersion : null };
}

export const versionView = (row: VersionRow): JourneyVersionView => row;
