import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Scopes, Workspace } from '@percorso/access';
import { EvaluationService } from '../evaluation/evaluation.service';
import { EvaluationView } from './audience.dto';
import { evaluationView } from './audience.view';

@ApiTags('Audiences')
@Controller('v1/evaluations')
export class EvaluationController {
  constructor(private readonly evaluations: EvaluationService) {}

  @Get(':id')
  @Scopes('audiences:read')
  @ApiOperation({ summary: 'Follow an evaluation' })
  @ApiOkResponse({ type: EvaluationView, description: 'The evaluation as it now is.' })
  async get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<EvaluationView> {
    return evaluationView(await this.evaluations.get(workspaceId, id));
  }
}
