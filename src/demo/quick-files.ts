import { authYaml } from './hepar.ts'

/** Hepar's files for the quick demo, as a user would write them. Nobody can be asked about the alerts, so the patient's own word is the proof. */
export function quickFiles(patient: { readonly url: string; readonly temp: string }): Readonly<Record<string, string>> {
  const health = JSON.stringify(`${patient.url}/health`)
  return {
    'hepar.yaml': `# Made by the demo.
store: sqlite:./data/hepar.db
mode: auto
rules: ./rules
docker: { exporter: { enabled: false } }
limits: { probeEvery: 500ms }

# The one folder that may be cleaned, and the one request that may be sent. Nothing else is ever touched.
paths:
  local:
    - { root: ${JSON.stringify(patient.temp)}, olderThan: 1h }
services:
  shop:
    requests:
      rebuild: { url: ${JSON.stringify(`${patient.url}/rebuild`)} }
http: { allow: [${JSON.stringify(patient.url)}] }

${authYaml}`,
    'rules/temp-folder-full.yaml': `version: 1
summary: Remove old files from a temporary folder, until the service that needs it is well
when:
  all:
    - { fact: labels, path: $.alertname, operator: equal, value: TempFolderFull }
target: path/{{ labels.host }}/{{ labels.path }}
steps:
  # How full the disk of this machine is does not matter here: the patient measures its own folder.
  - action: temp-cleanup
    with: { free: 0% }
    timeout: 30s
verify:
  - http: { url: ${health} }
for: 2s
within: 10s
`,
    'rules/index-damaged.yaml': `version: 1
summary: Let a service rebuild its index
when:
  all:
    - { fact: labels, path: $.alertname, operator: equal, value: IndexDamaged }
target: service/{{ labels.service }}
steps:
  - action: http-request
    with: { request: rebuild }
    timeout: 30s
verify:
  - http: { url: ${health} }
for: 2s
within: 30s
`,
  }
}
