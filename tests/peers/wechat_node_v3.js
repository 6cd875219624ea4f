// A WeChat Pay client that nobody here wrote (wechatpay-node-v3): its addresses are fixed, so it comes to the TLS door.
const tls = require('tls');
const {settings, post, door, order} = require('./wechat_common.js');

const connect = tls.connect;
let port;
tls.connect = (options, ...rest) => (/^api2?\.mch\.weixin\.qq\.com$/.test(options.host)
  ? connect({...options, servername: options.host, host: '127.0.0.1', port}, ...rest) : connect(options, ...rest));
const Pay = require('wechatpay-node-v3');

async function main() {
  const given = await settings();
  port = given.port;
  const client = new Pay({
    appid: given.appid, mchid: given.mchid, publicKey: Buffer.from(given.certificate),
    privateKey: Buffer.from(given.private_key), key: given.apiv3_key,
  });
  const said = {};
  let told;
  const notice = new Promise((resolve) => { told = resolve; });
  const server = await door(async (headers, body) => {
    const good = await client.verifySign({
      body, apiSecret: given.apiv3_key, signature: headers['wechatpay-signature'],
      serial: headers['wechatpay-serial'], nonce: headers['wechatpay-nonce'], timestamp: headers['wechatpay-timestamp'],
    });
    const {ciphertext, nonce, associated_data: aad} = JSON.parse(body).resource;
    told(good ? client.decipher_gcm(ciphertext, aad, nonce, given.apiv3_key) : {});
    return good;
  });
  const url = `http://127.0.0.1:${server.address().port}/n`;
  await post(given.base, '/sim/identity', {notices: 'certificate'});
  const native = await client.transactions_native(order(given, 'NODEV300001', url));
  await post(given.base, '/phone/pay', {code_url: native.data.code_url, openid: 'o-node'});
  said.notice = (await notice).trade_state;
  said.query = (await client.query({out_trade_no: 'NODEV300001'})).data.trade_state;
  await client.transactions_native(order(given, 'NODEV300002', url));
  said.close = (await client.close('NODEV300002')).status;
  said.closed = (await client.query({out_trade_no: 'NODEV300002'})).data.trade_state;
  const asked = {out_trade_no: 'NODEV300001', out_refund_no: 'RNODE1', amount: {refund: 200, total: 500, currency: 'CNY'}};
  said.refund = (await client.refunds(asked)).data.status;
  said.refund_query = (await client.find_refunds('RNODE1')).data.out_refund_no;
  const sheet = await client.transactions_jsapi({...order(given, 'NODEV300003', url), payer: {openid: 'o-node'}});
  const shown = await post(given.base, '/phone/sheet', {...sheet.data, openid: 'o-node'});
  said.sheet = shown.result;
  server.closeAllConnections();
  server.close();
  console.log(JSON.stringify(said));
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
