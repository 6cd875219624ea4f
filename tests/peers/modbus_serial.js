// A Modbus TCP server by modbus-serial: `node modbus_serial.js PORT`; says READY when it listens. Its contents are
// those of libmodbus_server.c; beyond their end it answers zeros, and another unit than 1 gets no answer at all.
const { ServerTCP } = require("modbus-serial");

const holding = Uint16Array.from({ length: 10000 }, (_, n) => 0x4100 + n);
const input = Uint16Array.from({ length: 10000 }, (_, n) => 0x4200 + n);
const coils = Uint8Array.from({ length: 2000 }, (_, n) => Number(n % 3 === 0));
const discrete = Uint8Array.from({ length: 2000 }, (_, n) => Number(n % 5 === 0));

const memory = {
  getHoldingRegister: (at) => holding[at] ?? 0,
  getInputRegister: (at) => input[at] ?? 0,
  getCoil: (at) => Boolean(coils[at]),
  getDiscreteInput: (at) => Boolean(discrete[at]),
  setRegister: (at, word) => { holding[at] = word; },
  setCoil: (at, on) => { coils[at] = Number(on); },
};
const server = new ServerTCP(memory, { host: "127.0.0.1", port: Number(process.argv[2]), unitID: 1 });
server.on("initialized", () => console.log("READY"));
