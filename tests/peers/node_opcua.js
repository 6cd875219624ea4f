// An OPC UA server by node-opcua: `node node_opcua.js PORT [gone|strict]`; says READY when it serves. Set HOME to a scratch
// folder: it keeps certificates there. A lane's object with a variable of every kind of tag, a method that answers
// seq and 1 (done), and `Alive`, which counts ten times a second. With `gone` the variable `Moved` is not there;
// with `strict` a client's certificate is rejected until somebody has moved it to $HOME/pki/trusted/certs.
const { OPCUACertificateManager, OPCUAServer, DataType, Variant, VariantArrayType, StatusCodes } = require("node-opcua");

const [port, manner] = process.argv.slice(2);
const gone = manner === "gone";
const server = new OPCUAServer({
  port: Number(port), host: "127.0.0.1", hostname: "127.0.0.1", resourcePath: "/", allowAnonymous: true,
  serverCertificateManager: new OPCUACertificateManager({
    rootFolder: `${process.env.HOME}/pki`, automaticallyAcceptUnknownCertificate: manner !== "strict",
  }),
});

const VARIABLES = {
  Safety: [DataType.Boolean, true],
  U16: [DataType.UInt16, 65535],
  I16: [DataType.Int16, -32768],
  U32: [DataType.UInt32, 4000000000],
  I32: [DataType.Int32, -2000000000],
  U64: [DataType.UInt64, [1, 2]],
  I64: [DataType.Int64, [0xffffffff, 0xfffffffe]],
  F32: [DataType.Float, 1.5],
  F64: [DataType.Double, Math.PI],
  Text: [DataType.String, "道闸"],
  Moved: [DataType.UInt16, 7],
};

function addVariable(space, lane, name, dataType, first, writable) {
  space.addVariable({
    componentOf: lane, nodeId: `s=Out1.${name}`, browseName: name, dataType, minimumSamplingInterval: 0,
    accessLevel: writable ? "CurrentRead | CurrentWrite" : "CurrentRead",
    value: { dataType, arrayType: VariantArrayType.Scalar, value: first },
  });
}

function addCommand(space, lane) {
  const argument = (name, dataType) => ({ name, dataType });
  const command = space.addMethod(lane, {
    nodeId: "s=Out1.Command", browseName: "Command",
    inputArguments: [
      argument("claim", DataType.UInt16), argument("code", DataType.UInt16), argument("passage", DataType.UInt32),
      argument("ttl_ms", DataType.UInt16), argument("tick", DataType.UInt16), argument("seq", DataType.UInt32),
    ],
    outputArguments: [argument("seq", DataType.UInt32), argument("result", DataType.UInt16)],
  });
  command.bindMethod((given, _context, answer) => answer(null, {
    statusCode: StatusCodes.Good,
    outputArguments: [
      new Variant({ dataType: DataType.UInt32, value: given[5].value }),
      new Variant({ dataType: DataType.UInt16, value: 1 }),
    ],
  }));
}

async function main() {
  await server.initialize();
  const space = server.engine.addressSpace.getOwnNamespace();
  const lane = space.addObject({
    organizedBy: server.engine.addressSpace.rootFolder.objects, nodeId: "s=Out1", browseName: "Out1",
  });
  for (const [name, [dataType, first]] of Object.entries(VARIABLES))
    if (name !== "Moved" || !gone) addVariable(space, lane, name, dataType, first, true);
  addVariable(space, lane, "Alive", DataType.UInt32, 0, false);
  addCommand(space, lane);
  await server.start();
  let count = 0;
  const alive = server.engine.addressSpace.findNode(`ns=${space.index};s=Out1.Alive`);
  setInterval(() => alive.setValueFromSource({ dataType: DataType.UInt32, value: (count += 1) }), 100);
  console.log("READY");
}

main();
