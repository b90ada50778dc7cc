import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Answers, Workspace } from '@percorso/access';
import { EvaluationService } from '../evaluation/evaluation.service';
import { EvaluationView } from './audience.dto';
import { evaluationView } from './audience.view';

@ApiTags('Audiences')
@Controller('v1/evaluations')
export class EvaluationController {
  constructor(private readonly evaluations: EvaluationService) {}

  @Get(':id')
  @Answers('audiences:read', 'Follow an evaluation', EvaluationView, 'The evaluation as it now is.')
  async get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<EvaluationView> {
    return evaluationView(await this.evaluations.get(workspaceId, id));
  }
}
