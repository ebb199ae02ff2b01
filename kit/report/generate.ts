export async function generateReport(context: import("../contract/context.ts").RunContext, dir: string): Promise<{ path: string }> {
  await context.files.writeTextFile(`${dir}/report.html`, "");
  return { path: `${dir}/report.html` };
}
