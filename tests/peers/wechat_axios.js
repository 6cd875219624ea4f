// A WeChat Pay client that nobody here wrote (wechatpay-axios-plugin): it verifies every answer by itself.
const {Wechatpay, Rsa, Aes, Formatter} = require('wechatpay-axios-plugin');
const {settings, post, door, order} = require('./wechat_common.js');

async function main() {
  const given = await settings();
  const client = new Wechatpay({
    mchid: given.mchid, serial: given.serial, privateKey: given.private_key,
    certs: {[given.public_key_id]: given.public_key}, baseURL: `${given.base}/`,
    headers: {'Wechatpay-Serial': given.public_key_id},
  });
  const said = {};
  let told;
  const notice = new Promise((resolve) => { told = resolve; });
  const server = await door((headers, body) => {
    const text = Formatter.response(headers['wechatpay-timestamp'], headers['wechatpay-nonce'], body);
    const good = headers['wechatpay-serial'] === given.public_key_id
      && Rsa.verify(text, headers['wechatpay-signature'], given.public_key);
    const {ciphertext, nonce, associated_data: aad} = JSON.parse(body).resource;
    told(good ? JSON.parse(Aes.AesGcm.decrypt(ciphertext, given.apiv3_key, nonce, aad)) : {});
    return good;
  });
  const url = `http://127.0.0.1:${server.address().port}/n`;
  const pay = client.v3.pay.transactions;
  const query = async (number) => (await pay.outTradeNo['{number}'].get({params: {mchid: given.mchid}, number})).data;
  const native = await pay.native.post(order(given, 'AXIOS00001', url));
  await post(given.base, '/phone/pay', {code_url: native.data.code_url, openid: 'o-axios'});
  said.notice = (await notice).trade_state;
  said.query = (await query('AXIOS00001')).trade_state;
  await pay.native.post(order(given, 'AXIOS00002', url));
  said.close = (await pay.outTradeNo['{number}'].close.post({mchid: given.mchid}, {number: 'AXIOS00002'})).status;
  said.closed = (await query('AXIOS00002')).trade_state;
  const refunds = client.v3.refund.domestic.refunds;
  const asked = {out_trade_no: 'AXIOS00001', out_refund_no: 'RAXIOS1', amount: {refund: 200, total: 500, currency: 'CNY'}};
  said.refund = (await refunds.post(asked)).data.status;
  said.refund_query = (await refunds['{number}'].get({number: 'RAXIOS1'})).data.out_refund_no;
  said.refused = await query('AXIOS00009').then(() => 'done', (error) => error.response.data.code);
  await post(given.base, '/sim/answers', {fault: 'signtest'});
  said.signtest = await query('AXIOS00001').then(() => 'believed', () => 'not believed');
  server.close();
  console.log(JSON.stringify(said));
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
