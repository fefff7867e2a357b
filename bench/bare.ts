import express from 'express'

/** What Hepar is compared with: a route that parses the same JSON and keeps nothing. */
const app = express()
app.use(express.json({ limit: '256mb' }))
app.post('/webhook/alertmanager', (_, response) => void response.json({ ok: true }))
app.get('/readyz', (_, response) => void response.json({ ok: true }))
app.listen(Number(process.argv[2]), '127.0.0.1')
