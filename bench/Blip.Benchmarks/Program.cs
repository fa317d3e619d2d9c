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

// In this process: the one thread pool of ONNX Runtime belongs to a process.
ManualConfig config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(5), logOutput: false)));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
