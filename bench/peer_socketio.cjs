// A room of socket.io: every message goes to everybody in it, the sender too.
// node peer_socketio.cjs PACKAGE PORT
const { Server } = require(process.argv[2]);
const http = require("node:http").createServer();

const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false });
io.on("connection", (socket) => {
  socket.join("room");
  socket.on("m", (text) => io.to("room").emit("m", text));
});
http.listen({ host: "127.0.0.1", port: Number(process.argv[3]), backlog: 4096 }, () => console.log("ready"));
