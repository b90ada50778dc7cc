import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Answers, Workspace } from '@percorso/access';
import { FeedbackView, ReceiptDto } from './feedback.dto';
import { FeedbackService } from './feedback.service';

@ApiTags('Feedback')
@Controller('v1/connectors')
export class FeedbackController {
  constructor(private readonly feedback: FeedbackService) {}

  @Post(':id/feedback')
  @Answers('feedback:write', 'Ask the provider now what became of its messages', FeedbackView)
  poll(@Workspace() workspaceId: string, @Param('id') id: string): Promise<FeedbackView> {
    return this.feedback.poll(workspaceId, id);
  }

  @Post(':id/receipts')
  @Answers('feedback:write', 'Hand in what the provider sent: a bounce message, a webhook body', FeedbackView)
  receive(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Body() { body }: ReceiptDto,
  ): Promise<FeedbackView> {
    return this.feedback.receive(workspaceId, id, body);
  }
}
