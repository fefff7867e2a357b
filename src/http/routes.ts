import { listAlerts } from './alerts.ts'
import { approveIncident, decideOnPage, rejectIncident, showApproval } from './approvals.ts'
import { auditHead, listAudit } from './audit.ts'
import { listActions, listPlaybooks, promotePlaybook, runAction } from './catalogue.ts'
import { nothing } from './fields.ts'
import { cancelIncident, listIncidentEvents, listIncidents, resumeIncident, showIncident } from './incidents.ts'
import { login, loginPage, logout } from './login.ts'
import { testChannel } from './notify.ts'
import { describeApi } from './openapi.ts'
import { livez, metrics, readyz } from './operations.ts'
import { getPause, putPause } from './pause.ts'
import { liftPause, listPauses, placePause } from './pauses.ts'
import { reload } from './reload.ts'
import { ok, type Route, read } from './route.ts'
import { showSafeMode } from './safe-mode.ts'
import { slackHook } from './slack.ts'
import { stats } from './stats.ts'
import { deleteStorm, getStorm } from './storm.ts'
import { createToken, listTokens, revokeToken } from './tokens.ts'
import { explain, webhook } from './webhook.ts'

const openapi = read(
  { path: '/openapi.json', access: 'viewer', summary: 'This description', query: nothing },
  (_, { version }) => ok(describeApi(routes, version)),
)

/** Every route there is. What is not here answers 404, and another method 405. */
export const routes: readonly Route[] = [
  webhook,
  livez,
  readyz,
  metrics,
  openapi,
  loginPage,
  login,
  logout,
  listIncidents,
  showIncident,
  listIncidentEvents,
  cancelIncident,
  resumeIncident,
  approveIncident,
  rejectIncident,
  showApproval,
  decideOnPage,
  listAlerts,
  explain,
  listPlaybooks,
  promotePlaybook,
  listActions,
  runAction,
  getPause,
  putPause,
  getStorm,
  deleteStorm,
  listPauses,
  placePause,
  liftPause,
  showSafeMode,
  listAudit,
  auditHead,
  stats,
  reload,
  listTokens,
  createToken,
  revokeToken,
  testChannel,
  slackHook,
]
