// Vercel's own parser and schema on a Build Output folder: node check_output.cjs OUTPUT
// Prints JSON: {"errors": [...], "warnings": [...], "outputs": {path: {type, ...}}}.
const path = require("path");
const fs = require("fs");
const { deserializeBuildOutput, deserializeLambda } = require("@vercel/build-utils");
const { normalizeRoutes, routesSchema } = require("@vercel/routing-utils");
const Ajv = require("ajv");

async function main(outputDir) {
  const errors = [];
  const warnings = [];
  const outputs = {};
  const config = JSON.parse(fs.readFileSync(path.join(outputDir, "config.json"), "utf8"));

  const { error } = normalizeRoutes(config.routes);
  if (error) errors.push(`normalizeRoutes: ${error.message} ${JSON.stringify(error.errors || "")}`);

  const ajv = new (Ajv.default || Ajv)({ allErrors: true, strict: false });
  const validate = ajv.compile(routesSchema);
  if (!validate(config.routes)) errors.push(`routesSchema: ${ajv.errorsText(validate.errors)}`);

  try {
    const result = await deserializeBuildOutput({
      outputDir,
      repoRootPath: path.dirname(outputDir),
      deserializeLambda,
      groupLambdas: async () => ({}),
      warn: (message) => warnings.push(message),
    });
    for (const [name, output] of Object.entries(result.output)) {
      outputs[name] = { type: output.type, contentType: output.contentType };
      if (output.type === "Lambda") Object.assign(outputs[name], { handler: output.handler, runtime: output.runtime });
      if (output.type === "Prerender") {
        const { expiration, staleExpiration, allowQuery, bypassToken, lambda, fallback } = output;
        const hasFallback = Boolean(fallback);
        Object.assign(outputs[name], { expiration, staleExpiration, allowQuery, bypassToken, hasFallback });
        outputs[name].handler = lambda && lambda.handler;
      }
    }
  } catch (failure) {
    errors.push(`deserializeBuildOutput: ${failure.message}`);
  }
  process.stdout.write(JSON.stringify({ errors, warnings, outputs }));
}

main(path.resolve(process.argv[2]));
