// Enough of WeChat's mini program runtime to run one under Node: `new Phone({root})` is a phone with
// one mini program on it. Several phones live in one process, each with its own modules, storage,
// files and sockets.
//
// `tools` brings the two packages this needs, {WebSocket} of ws and {transformSync} of esbuild, because
// packages lie beside the suite that uses the shim.

export { Phone } from './phone.js'
