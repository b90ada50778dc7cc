import { ComparisonService } from './comparison.service';
import { ComparisonStore } from './comparison.store';
import { SimulatedController } from './simulated.controller';
import { SimulatedReader } from './simulated.reader';
import { SimulatedStore } from './simulated.store';
import { SimulationController } from './simulation.controller';
import { SimulationReportService } from './simulation-report.service';
import { SimulationService } from './simulation.service';
import { SimulationStore } from './simulation.store';

/** Of the admin API: what is asked to be simulated, and what was found. */
export const SIMULATION_CONTROLLERS = [SimulationController, SimulatedController];
export const SIMULATION_PROVIDERS = [
  ComparisonService,
  ComparisonStore,
  SimulatedReader,
  SimulatedStore,
  SimulationReportService,
  SimulationService,
  SimulationStore,
];
