import { access } from './access.ts'
import { approvals } from './approvals.ts'
import { attacks } from './attacks.ts'
import { audit } from './audit.ts'
import { calls } from './calls.ts'
import { cleaning } from './cleaning.ts'
import { clocks } from './clocks.ts'
import { counting } from './counting.ts'
import { decisions } from './decisions.ts'
import { demonstration } from './demo.ts'
import { doors } from './doors.ts'
import { figures } from './figures.ts'
import { gates } from './gates.ts'
import { intake } from './intake.ts'
import { intent } from './intent.ts'
import { ladder } from './ladder.ts'
import { mass } from './mass.ts'
import { pages } from './pages.ts'
import { pausing } from './pauses.ts'
import { people } from './people.ts'
import { policies } from './policies.ts'
import { proof } from './proof.ts'
import { recovery } from './recovery.ts'
import { redis } from './redis.ts'
import { repetition } from './repetition.ts'
import { restart } from './restart.ts'
import { retention } from './retention.ts'
import { runners } from './runners.ts'
import { services } from './services.ts'
import { silences } from './silences.ts'
import { sources } from './sources.ts'
import { store } from './store.ts'
import { templates } from './templates.ts'
import { temporary } from './temporary.ts'
import type { Tooth } from './tooth.ts'
import { touches } from './touches.ts'
import { trust } from './trust.ts'

/** Every safety that a test must miss when it is taken away. */
export const teeth: readonly Tooth[] = [
  ...gates,
  ...pausing,
  ...mass,
  ...ladder,
  ...clocks,
  ...approvals,
  ...intent,
  ...repetition,
  ...counting,
  ...decisions,
  ...intake,
  ...proof,
  ...recovery,
  ...temporary,
  ...store,
  ...audit,
  ...retention,
  ...runners,
  ...restart,
  ...cleaning,
  ...services,
  ...redis,
  ...touches,
  ...templates,
  ...sources,
  ...silences,
  ...doors,
  ...access,
  ...pages,
  ...trust,
  ...calls,
  ...people,
  ...policies,
  ...figures,
  ...demonstration,
  ...attacks,
]
