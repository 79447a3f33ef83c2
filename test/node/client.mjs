// SPDX-License-Identifier: MIT
// A client of npm's bittorrent-dht, told what to do in lines of JSON on standard input.
//
// usage: node client.mjs MODULES-FOLDER BOOTSTRAP-ADDR:PORT     ("" for none)
//
// Says {"listening": PORT} and {"ready": COUNT-OF-NODES}; each order {"do": ...} is answered with
// one line. Ends with its standard input.
import crypto from 'crypto'
import readline from 'readline'
import { pathToFileURL } from 'url'

const [modules, bootstrap] = process.argv.slice(2)
const { default: DHT } = await import(pathToFileURL(modules + '/bittorrent-dht/index.js'))
const say = (o) => console.log(JSON.stringify(o))
const hex = (b) => Buffer.from(b).toString('hex')

// Node knows keys in DER only; these are the heads of RFC 8410.
const publicKey = (k) => crypto.createPublicKey({
  key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(k)]),
  format: 'der',
  type: 'spki'
})
const privateKey = (seed) => crypto.createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  format: 'der',
  type: 'pkcs8'
})
const verify = (signature, message, k) =>
  crypto.verify(null, Buffer.from(message), publicKey(k), Buffer.from(signature))

const dht = new DHT({ bootstrap: bootstrap ? [bootstrap] : false, verify })
dht.listen(0, '127.0.0.1', () => say({ listening: dht.address().port }))
dht.on('ready', () => say({ ready: dht.nodes.count() }))
dht.on('error', (e) => say({ error: e.message }))
const peers = new Set()
dht.on('peer', (peer, hash) => peers.add(hex(hash) + ' ' + peer.host + ':' + peer.port))

const orders = {
  lookup: (o) => dht.lookup(o.hash, () => say({
    peers: [...peers].filter((p) => p.startsWith(o.hash)).map((p) => p.split(' ')[1])
  })),
  announce: (o) => dht.announce(o.hash, o.port, (e) => say({ announced: !e })),
  put: (o) => dht.put({ v: Buffer.from(o.value) },
    (e, hash, n) => say(e ? { error: e.message } : { target: hex(hash), stored: n })),
  put_mutable: (o) => {
    const key = privateKey(Buffer.from(o.seed, 'hex'))
    const k = crypto.createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(12)
    const opts = { k, seq: o.seq, v: Buffer.from(o.value), sign: (b) => crypto.sign(null, Buffer.from(b), key) }
    if (o.salt) opts.salt = Buffer.from(o.salt)
    dht.put(opts, (e, hash, n) => say(e ? { error: e.message } : { target: hex(hash), key: hex(k), stored: n }))
  },
  get: (o) => dht.get(o.target, { cache: false, salt: o.salt ? Buffer.from(o.salt) : undefined },
    (e, r) => say(e || !r
      ? { error: e ? e.message : 'nothing' }
      : { value: Buffer.from(r.v).toString(), seq: r.seq, key: r.k ? hex(r.k) : undefined }))
}
readline.createInterface({ input: process.stdin })
  .on('line', (line) => { const o = JSON.parse(line); orders[o.do](o) })
  .on('close', () => process.exit(0))
