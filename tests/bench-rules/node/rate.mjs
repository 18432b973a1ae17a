// Rates the baskets of a task with json-rules-engine and tells how long that took and what it gave.
import { readFileSync } from 'node:fs'
import { Engine } from 'json-rules-engine'

const task = JSON.parse(readFileSync(process.argv[2], 'utf8'))

// As its documentation advises: cheap and selective conditions first, no fact functions, nothing undefined checked.
const engine = new Engine([], { allowUndefinedFacts: true })
task.rules.forEach(({ equal, least }, number) => {
  const texts = Object.entries(equal).map(([fact, value]) => ({ fact, operator: 'equal', value, priority: 2 }))
  const net = { fact: 'net', operator: 'greaterThanInclusive', value: least, priority: 1 }
  engine.addRule({ conditions: { all: [...texts, net] }, event: { type: 'earned', params: { number } } })
})

const facts = ({ sku, category, brand, net_of_store }) =>
  ({ sku, department: category[0], commodity: category[1], brand, net: Number(net_of_store) })

async function rate(input) {
  const lines = task.fromJson ? JSON.parse(input).activity.purchase.lines.map(facts) : input.lines
  const given = new Map()
  for (const line of lines) {
    const cents = Math.round(line.net * 100)
    for (const { params } of (await engine.run(line)).events) {
      given.set(params.number, (given.get(params.number) ?? 0) + cents * task.rules[params.number].rate)
    }
  }
  return [...given].sort(([a], [b]) => a - b)
}

let points = 0
let mixed = 0
const before = process.cpuUsage()
for (const [basket, input] of task.inputs.entries()) {
  const given = await rate(input)
  if (basket >= task.sample) continue
  for (const [number, value] of given) {
    points += value
    mixed = (mixed * 31 + number * 7919 + value) % 1000000007
  }
}
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ seconds: (user + system) / 1e6, points, mixed }))
