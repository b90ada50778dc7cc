import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Scopes, Workspace } from '@percorso/access';
import { FeedbackView, ReceiptDto } from './feedback.dto';
import { FeedbackService } from './feedback.service';

@ApiTags('Feedback')
@Controller('v1/connectors')
export class FeedbackController {
  constructor(private readonly feedback: FeedbackService) {}

  @Post(':id/feedback')
  @Scopes('feedback:write')
  @HttpCode(200)
  @ApiOperation({ summary: 'Ask the provider now what became of its messages' })
  @ApiOkResponse({ type: FeedbackView })
  poll(@Workspace() workspaceId: string, @Param('id') id: string): Promise<FeedbackView> {
    return this.feedback.poll(workspaceId, id);
  }

  @Post(':id/receipts')
  @Scopes('feedback:write')
  @HttpCode(200)
  @ApiOperation({ summary: 'Hand in what the provider sent: a bounce message, a webhook body' })
  @ApiOkResponse({ type: FeedbackView })
  receive(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Body() { body }: ReceiptDto,
  ): Promise<FeedbackView> {
    return this.feedback.receive(workspaceId, id, body);
  }
}
