// Loads a GGUF through llama.cpp and answers like its server, on loopback. Everything comes by the environment,
// so that the command line names no model: MODEL, MMAP (yes or no), BINDINGS (where npm installed them).
// Prints its port as one line; ends when its standard input does.
import {createServer} from "node:http";
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const {MODEL, MMAP, BINDINGS} = process.env;
const bindings = createRequire(`${BINDINGS}/package.json`).resolve("node-llama-cpp");
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(bindings));
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: MODEL, useMmap: MMAP === "yes"});

const models = {object: "list", data: [{id: "tiny", object: "model", owned_by: "llamacpp"}]};
const server = createServer((request, response) => {
    response.setHeader("Server", "llama.cpp");
    if (request.url === "/v1/models") response.end(JSON.stringify(models));
    else if (request.url === "/props") response.end(JSON.stringify({model_path: MODEL, size: model.size}));
    else { response.statusCode = 404; response.end(); }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
