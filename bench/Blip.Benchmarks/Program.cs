using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Blip.Benchmarks;

switch (args)
{
    case ["plain", string model]:
        PlainComparison.Run(model);
        return;
    case ["choices", string model]:
        await FamilyFigures.RankAsync(model);
        return;
    case ["family", string model, string captioner, string matcher]:
        await FamilyFigures.RunAsync(model, captioner, matcher);
        return;
    case ["index", string matcher, string images]:
        await FamilyFigures.IndexAsync(matcher, int.Parse(images, CultureInfo.InvariantCulture));
        return;
}

// The benchmarks run in this process, because a process has one thread pool of ONNX Runtime.
InProcessEmitToolchain toolchain = new(TimeSpan.FromMinutes(5), logOutput: false);
ManualConfig config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(toolchain));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
