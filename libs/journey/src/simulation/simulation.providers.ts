import { ComparisonService } from './report/comparison.service';
import { ComparisonStore } from './report/comparison.store';
import { SimulatedController } from './report/simulated.controller';
import { SimulatedReader } from './report/simulated.reader';
import { SimulatedStore } from './report/simulated.store';
import { SimulationController } from './job/simulation.controller';
import { SimulationReportService } from './report/simulation-report.service';
import { SimulationService } from './job/simulation.service';
import { SimulationStore } from './job/simulation.store';

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
