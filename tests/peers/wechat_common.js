// What both WeChat Pay clients do around their calls: settings from standard input, a driver who pays, a door for notices.
const http = require('http');

exports.settings = () => new Promise((resolve) => {
  let text = '';
  process.stdin.on('data', (part) => { text += part; }).on('end', () => resolve(JSON.parse(text)));
});

exports.post = (base, path, fields) => new Promise((resolve, reject) => {
  const body = Buffer.from(JSON.stringify(fields));
  const headers = {'Content-Type': 'application/json', 'Content-Length': body.length};
  const request = http.request(base + path, {method: 'POST', headers, agent: false}, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; }).on('end', () => resolve(text ? JSON.parse(text) : {}));
  });
  request.on('error', reject).end(body);
});

// Takes one notice, hands it to `check`, and answers as that says.
exports.door = (check) => new Promise((opened) => {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (part) => { body += part; }).on('end', async () => {
      const good = await check(request.headers, body);
      response.writeHead(good ? 204 : 401).end();
    });
  });
  server.listen(0, '127.0.0.1', () => opened(server));
});

exports.order = (given, number, url) => ({
  appid: given.appid, mchid: given.mchid, out_trade_no: number, description: '停车费', notify_url: url,
  amount: {total: 500, currency: 'CNY'},
});
