import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { fileText } from '../../dashboards/source/file-text.ts'
import { dashboardsFolder, healingFile } from './dashboard.ts'

const read = (path: string) => parse(readFileSync(join(dashboardsFolder, 'provisioning', path), 'utf8'))
const files = readdirSync(dashboardsFolder, { recursive: true, encoding: 'utf8' })

test('the committed dashboard is the one that "npm run dashboards" writes', () => {
  expect(readFileSync(healingFile, 'utf8') === fileText(), 'run "npm run dashboards" and commit the result').toBe(true)
})

test('Grafana finds one dashboard in the folder, since it loads every JSON file below it', () => {
  expect(files.filter((file) => file.endsWith('.json'))).toEqual([basename(healingFile)])
})

test('the provisioning files lie where Grafana looks, each of the version it reads', () => {
  const yaml = files.filter((file) => /\.ya?ml$/.test(file)).sort()
  expect(yaml).toEqual(['provisioning/dashboards/hepar.yaml', 'provisioning/datasources/prometheus.yaml'])
  const { apiVersion, providers } = read('dashboards/hepar.yaml')
  expect({ apiVersion, providers }).toMatchObject({
    apiVersion: 1,
    providers: [{ name: 'hepar', type: 'file', allowUiUpdates: false, options: { path: '/etc/hepar/dashboards' } }],
  })
})

test('the data source is the Prometheus of prometheus.yml, with the interval at which it scrapes Hepar', () => {
  const { apiVersion, datasources } = read('datasources/prometheus.yaml')
  const [source, ...others] = datasources
  expect(apiVersion).toBe(1)
  expect(others).toEqual([])
  expect(source).toMatchObject({ uid: 'prometheus', type: 'prometheus', access: 'proxy', url: 'http://127.0.0.1:9090' })
  // A second default keeps Grafana from starting.
  expect(source).not.toHaveProperty('isDefault')
  const prometheus = parse(readFileSync(join(dashboardsFolder, '../prometheus/prometheus.yml'), 'utf8'))
  const job = prometheus.scrape_configs.find((one: { job_name: string }) => one.job_name === 'hepar')
  expect(source.jsonData.timeInterval).toBe(job.scrape_interval)
})
