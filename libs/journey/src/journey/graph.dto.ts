import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { GraphEdge, GraphNode } from './journey-graph';

export class GraphNodeView implements GraphNode {
  @ApiProperty({ description: 'Of a step its id; `entry:0` and so on; `end`.' })
  id!: string;

  @ApiProperty({ type: String, description: 'The kind of the step, `entry` or `exit`.' })
  kind!: GraphNode['kind'];

  @ApiProperty()
  label!: string;

  @ApiPropertyOptional({ description: 'The loop or parallel step in whose body or branch it stands.' })
  inside?: string;
}

export class GraphEdgeView implements GraphEdge {
  @ApiProperty()
  from!: string;

  @ApiProperty({ description: 'A step or `end`; from the end of a body or branch, what it comes back to.' })
  to!: string;

  @ApiProperty({
    enum: ['entry', 'next', 'failed', 'timedOut', 'arm', 'body', 'branch', 'else', 'back'],
  })
  kind!: GraphEdge['kind'];

  @ApiPropertyOptional()
  label?: string;
}

export class GraphView {
  @ApiProperty({ type: [GraphNodeView] })
  nodes!: GraphNodeView[];

  @ApiProperty({ type: [GraphEdgeView] })
  edges!: GraphEdgeView[];
}
