// A Modbus TCP server by jsmodbus: `node jsmodbus.js PORT`; says READY when it listens. Its contents are those of
// libmodbus_server.c; beyond their end it answers what there is, with fewer registers than were asked for.
const net = require("net");
const { server } = require("jsmodbus");

const area = (size, write) => {
  const bytes = Buffer.alloc(size);
  write(bytes);
  return bytes;
};
const words = (first) => area(20000, (bytes) => {
  for (let at = 0; at < 10000; at++) bytes.writeUInt16BE(first + at, 2 * at);
});
const bits = (divisor) => area(250, (bytes) => {
  for (let at = 0; at < 2000; at += divisor) bytes[at >> 3] |= 1 << (at & 7);
});

const door = net.createServer();
new server.TCP(door, { holding: words(0x4100), input: words(0x4200), coils: bits(3), discrete: bits(5) });
door.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("READY"));
