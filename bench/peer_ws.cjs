// The broadcast of the README of the npm package `ws`: every text goes to everybody, the sender too.
// node peer_ws.cjs PACKAGE PORT
const { WebSocketServer, WebSocket } = require(process.argv[2]);

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[3]), perMessageDeflate: false,
  handleProtocols: (offered) => offered.values().next().value, backlog: 4096 }, () => console.log("ready"));
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary });
    }
  });
});
