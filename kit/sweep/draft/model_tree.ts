/**
 * A model as vLLM builds it: its modules, and in which order a forward pass calls them.
 *
 * @module
 */

/** A module. */
export interface TreeModule {
  /** As `model.layers.0.self_attn.qkv_proj`; the model itself is the empty path. */
  readonly path: string;
  readonly class: string;
  /** Whether it has a KV cache. */
  readonly attention?: boolean;
  /** Whether it is of the experts. */
  readonly experts?: boolean;
  /** Width of what a linear layer gives. */
  readonly outputs?: number;
  /** Last dimension of what it is first called with. */
  readonly width?: number;
}

/** The model. */
export interface ModelTree {
  /** Version of vLLM. */
  readonly vllm: string;
  readonly modules: readonly TreeModule[];
  /** Paths in the order of their calls. */
  readonly calls: readonly string[];
}

/** Stands for the sampler, which belongs to vLLM's model runner. */
export const SAMPLER_PATH = "<sampler>";

/** A tree with its relations. */
export class TreeView {
  readonly #modules: ReadonlyMap<string, TreeModule>;
  readonly #called: ReadonlySet<string>;
  readonly #composites: ReadonlySet<string>;

  constructor(readonly tree: ModelTree) {
    this.#modules = new Map(tree.modules.map((module) => [module.path, module]));
    this.#called = new Set(tree.calls);
    this.#composites = new Set(tree.calls.flatMap((path) => ancestorPaths(path)));
  }

  at(path: string): TreeModule | undefined {
    return this.#modules.get(path);
  }

  classOf(path: string): string {
    return this.at(path)?.class ?? "";
  }

  /** Classes around a module, outermost first. */
  around(path: string): string[] {
    return ancestorPaths(path).map((ancestor) => this.classOf(ancestor));
  }

  /** Whether a forward pass calls it. */
  isCalled(path: string): boolean {
    return this.#called.has(path);
  }

  /** Whether a forward pass calls something within it. */
  isComposite(path: string): boolean {
    return this.#composites.has(path);
  }

  /** The nearest module around that is itself called; the model where there is none. */
  calledAround(path: string): string {
    return ancestorPaths(path).findLast((ancestor) => this.isCalled(ancestor)) ?? "";
  }
}

/** Paths of the modules around one, outermost first; the sampler has none. */
export function ancestorPaths(path: string): string[] {
  if (path === "" || path === SAMPLER_PATH) return [];
  const parts = path.split(".");
  return parts.map((_, count) => parts.slice(0, count).join("."));
}

/** Whether a module is another, or within it. */
export function isWithin(path: string, other: string): boolean {
  return path === other || other === "" || path.startsWith(`${other}.`);
}
