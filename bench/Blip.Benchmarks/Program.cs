using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Blip.Benchmarks;

if (args is ["plain", string model])
{
    PlainComparison.Run(model);
    return;
}

// The benchmarks run in this process, because a process has one thread pool of ONNX Runtime.
InProcessEmitToolchain toolchain = new(TimeSpan.FromMinutes(5), logOutput: false);
ManualConfig config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(toolchain));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
