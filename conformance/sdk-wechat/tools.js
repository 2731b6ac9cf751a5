// The packages that the shim needs.

import { transformSync } from 'esbuild'
import { WebSocket } from 'ws'

export const tools = { WebSocket, transformSync }
