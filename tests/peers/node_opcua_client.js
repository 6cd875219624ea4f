// An OPC UA client by node-opcua: `node node_opcua_client.js URL NAME PASSWORD CERTIFICATE KEY NODE...`. Set HOME to a
// scratch folder. It trusts any server, reads each node and prints one JSON line a node; a refusal ends it with code 1.
const { OPCUAClient, MessageSecurityMode, SecurityPolicy, UserTokenType, AttributeIds, OPCUACertificateManager } =
  require("node-opcua");
const path = require("path");

const [url, userName, password, certificateFile, privateKeyFile, ...nodes] = process.argv.slice(2);

async function main() {
  const folder = path.join(process.env.HOME, "pki");
  const clientCertificateManager = new OPCUACertificateManager({ rootFolder: folder, automaticallyAcceptUnknownCertificate: true });
  await clientCertificateManager.initialize();
  const client = OPCUAClient.create({
    applicationUri: process.env.APPLICATION_URI, endpointMustExist: false, certificateFile, privateKeyFile,
    clientCertificateManager, connectionStrategy: { maxRetry: 0 }, securityMode: MessageSecurityMode.SignAndEncrypt,
    securityPolicy: SecurityPolicy.Basic256Sha256,
  });
  await client.connect(url);
  const session = await client.createSession({ type: UserTokenType.UserName, userName, password });
  for (const nodeId of nodes) {
    const data = await session.read({ nodeId, attributeId: AttributeIds.Value });
    const source = data.sourceTimestamp ? data.sourceTimestamp.toISOString() : null;
    console.log(JSON.stringify({ nodeId, value: data.value.value, status: data.statusCode.value, source }));
  }
  await session.close();
  await client.disconnect();
}

main().catch((error) => { console.log(String(error.message)); process.exit(1); });
