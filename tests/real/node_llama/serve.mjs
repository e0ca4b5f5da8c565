// Loads the GGUF given as first argument through llama.cpp and answers like a model server on loopback.
// The second argument is how to load it: mmap, or no-mmap. Prints its port as one line; ends with its stdin.
import {createServer} from "node:http";
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const [modelPath, how, installed] = process.argv.slice(2);
const bindings = createRequire(`${installed}/package.json`).resolve("node-llama-cpp");
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(bindings));
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath, useMmap: how === "mmap"});

const models = {object: "list", data: [{id: "tiny", object: "model", owned_by: "llamacpp"}]};
const server = createServer((request, response) => {
    response.setHeader("Server", "llama.cpp");
    if (request.url === "/v1/models") response.end(JSON.stringify(models));
    else if (request.url === "/props") response.end(JSON.stringify({model_path: modelPath, n: model.size}));
    else { response.statusCode = 404; response.end(); }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
