/** Small exports in the shape in which `xctrace export` writes them: ids, refs, sentinels. */

/** A table of contents. The environment holds a secret, which nobody may store. */
export function toc(tables: readonly string[], pid = 42): string {
  return `<?xml version="1.0"?>
<trace-toc><run number="1"><info>
<target><device platform="macOS" model="Mac Studio" name="mine" os-version="15.6 (24G84)" uuid="U"/>
<process type="launched" return-exit-status="0" name="python3" pid="${pid}"
 arguments="serve M" termination-reason="signal(2)"/>
<environment><item key="HF_TOKEN" value="hf_secretsecret"/></environment></target>
<summary><start-date>2026-09-25T02:18:16.751+03:00</start-date><duration>10.0</duration>
<end-reason>Time limit reached</end-reason><instruments-version>16.0 (17F113)</instruments-version>
<template-name>Metal System Trace</template-name></summary></info>
<processes><process name="kernel" pid="0"/></processes>
<data>${tables.map((schema) => `<table schema="${schema}" target-pid="SINGLE"/>`).join("")}
<table schema="tick" frequency="1"/><table schema="tick" frequency="10"/></data></run></trace-toc>
`;
}

function table(schema: string, columns: readonly [string, string][], rows: string): string {
  const cols = columns.map(([mnemonic, type]) =>
    `<col><mnemonic>${mnemonic}</mnemonic><name>Some Name</name><engineering-type>${type}` +
    `</engineering-type></col>`
  );
  return `<?xml version="1.0"?>\n<trace-query-result>\n<node xpath='//trace-toc[1]/run[1]/data[1]` +
    `/table[2]'><schema name="${schema}">${
      cols.join("")
    }</schema>${rows}</node></trace-query-result>\n`;
}

/** The exports by schema: ten seconds in which the GPU works for five. */
export const EXPORTS: Readonly<Record<string, string>> = {
  "metal-gpu-intervals": table(
    "metal-gpu-intervals",
    [
      ["start", "start-time"],
      ["duration", "duration"],
      ["channel-name", "gpu-channel-name"],
      ["frame-number", "gpu-frame-number"],
      ["start-latency", "duration"],
      ["state", "gpu-state"],
      ["process", "process"],
    ],
    `
<row><start-time id="1" fmt="00:01.000.000">1000000000</start-time>
<duration id="2" fmt="2.00 s">2000000000</duration>
<gpu-channel-name id="3" fmt="Compute">Compute</gpu-channel-name>
<gpu-frame-number id="4" fmt="Frame 1">1</gpu-frame-number><sentinel/>
<gpu-state id="5" fmt="Active">Active</gpu-state>
<process id="6" fmt="python3 (42)"><pid id="7" fmt="42">42</pid><device-session id="8">X</device-session></process></row>
<row><start-time id="9">2000000000</start-time><duration ref="2"/><gpu-channel-name ref="3"/>
<gpu-frame-number ref="4"/><sentinel/><gpu-state ref="5"/><process ref="6"/></row>
<row><start-time id="10">5000000000</start-time><duration id="11" fmt="1.00 s">1000000000</duration>
<gpu-channel-name id="12" fmt="Blit">Blit</gpu-channel-name><sentinel/><duration ref="11"/>
<gpu-state ref="5"/><process ref="6"/></row>
<row><start-time id="13">8000000000</start-time><duration ref="11"/>
<gpu-channel-name id="14" fmt="Vertex">Vertex</gpu-channel-name><sentinel/><sentinel/>
<gpu-state ref="5"/><process id="15" fmt="WindowServer (635)"><pid id="16">635</pid></process></row>`,
  ),
  "metal-gpu-state-intervals": table(
    "metal-gpu-state-intervals",
    [
      ["start", "start-time"],
      ["duration", "duration"],
      ["state", "gpu-state"],
    ],
    `
<row><start-time id="1">0</start-time><duration id="2" fmt="5.00 s">5000000000</duration>
<gpu-state id="3" fmt="Active">Active</gpu-state></row>
<row><start-time id="4">5000000000</start-time><duration ref="2"/>
<gpu-state id="5" fmt="Idle">Idle</gpu-state></row>`,
  ),
  "gpu-performance-state-intervals": table(
    "gpu-performance-state-intervals",
    [
      ["start", "start-time"],
      ["duration", "duration"],
      ["gpu-performance-state", "gpu-performance-state"],
    ],
    `
<row><start-time id="1">0</start-time><duration id="2">9000000000</duration>
<gpu-performance-state id="3" fmt="Maximum">3</gpu-performance-state></row>
<row><start-time id="4">9000000000</start-time><duration id="5">1000000000</duration>
<gpu-performance-state id="6" fmt="Minimum">1</gpu-performance-state></row>`,
  ),
  "time-profile": table(
    "time-profile",
    [
      ["time", "sample-time"],
      ["thread", "thread"],
      ["process", "process"],
      ["core", "core"],
      ["thread-state", "thread-state"],
      ["weight", "weight"],
      ["stack", "tagged-backtrace"],
    ],
    `
<row><sample-time id="1" fmt="00:00.100.000">100000000</sample-time>
<thread id="2" fmt="Main Thread (0x1) (python3, pid: 42)"><tid id="3">1</tid>
<process id="4" fmt="python3 (42)"><pid id="5">42</pid></process></thread><process ref="4"/>
<core id="6" fmt="CPU 6 (P Core)">6</core><thread-state id="7" fmt="Running">Running</thread-state>
<weight id="8" fmt="1.00 s">1000000000</weight>
<tagged-backtrace id="9"><backtrace id="10"><frame id="11" name="main" addr="0x1"><binary id="12"
 name="python3"/></frame></backtrace></tagged-backtrace></row>
<row><sample-time id="13">200000000</sample-time><thread ref="2"/><process ref="4"/><core ref="6"/>
<thread-state ref="7"/><weight id="14">500000000</weight><tagged-backtrace ref="9"/></row>
<row><sample-time id="15">9900000000</sample-time><thread id="16" fmt="worker (0x2) (python3, pid: 42)">
<tid id="17">2</tid><process ref="4"/></thread><sentinel/><core ref="6"/><thread-state ref="7"/>
<weight ref="14"/><sentinel/></row>`,
  ),
  "device-thermal-state-intervals": table(
    "device-thermal-state-intervals",
    [
      ["start", "start-time"],
      ["duration", "duration"],
      ["end", "start-time"],
      ["thermal-state", "thermal-state"],
      ["is-induced", "boolean"],
    ],
    `
<row><start-time id="1">0</start-time><duration id="2">6000000000</duration>
<start-time id="3">6000000000</start-time><thermal-state id="4" fmt="Nominal">Nominal</thermal-state>
<boolean id="5" fmt="No">0</boolean></row>
<row><start-time ref="3"/><duration id="6">4000000000</duration><start-time id="7">10000000000</start-time>
<thermal-state id="8" fmt="Serious">Serious</thermal-state><boolean ref="5"/></row>`,
  ),
};
