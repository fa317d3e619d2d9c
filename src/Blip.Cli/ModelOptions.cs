using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Blip.Checkpoints;
using Blip.Hub;
using Blip.Images;
using Microsoft.Extensions.Logging;

namespace Blip.Cli;

/// <summary>The options that the commands share, and the model that they select.</summary>
internal static class ModelOptions
{
    /// <summary>As <see cref="BlipOptions.Threads"/> has it.</summary>
    private const int MostThreads = 1024;

    /// <summary>As <see cref="ImageLimits.MaxPixels"/> has it.</summary>
    private const int MostPixels = 500_000_000;

    public static Option<string> Model { get; } = CreateModel(BlipModel.DemoModel);

    /// <summary>The same for a captioning model.</summary>
    public static Option<string> CaptionModel { get; } = CreateModel(BlipCaptioner.DemoModel);

    /// <summary>The same for a model that matches images and texts.</summary>
    public static Option<string> MatchModel { get; } = CreateModel(BlipMatcher.DemoModel);

    /// <summary>The captioning model of a service, beside the one that answers questions.</summary>
    public static Option<string?> ServiceCaptionModel { get; } = CreateServiceModel(
        "--caption-model", "The captioning model", BlipCaptioner.DemoModel);

    /// <summary>The model of a service that matches images and texts.</summary>
    public static Option<string?> ServiceMatchModel { get; } = CreateServiceModel(
        "--match-model", "The model that matches images and texts", BlipMatcher.DemoModel);

    public static Option<string?> BaseModel { get; } = new("--base-model")
    {
        Description = "The base model of the adapter that --model names. Default: what the adapter says.",
        HelpName = "DIR|ID",
    };

    public static Option<DeviceChoice?> Device { get; } = DeviceChoice.CreateOption();

    public static Option<string?> Precision { get; } = OptionalChoice(
        "--precision",
        "The numbers that the model computes with. Default: fp32, on CUDA fp16; auto chooses the fastest on this machine.",
        "auto", "fp32", "fp16", "int8");

    public static Option<int?> ImageSize { get; } = NumberOption.CreateOptional(
        "--image-size", "Width and height in pixels of what the model sees. Default: the model's own.", 1, BlipConfig.MaxImageSize);

    public static Option<int> Threads { get; } = NumberOption.Create(
        "--threads", "Threads for the networks; 0 means one for each processor that the process may use.", 0, MostThreads);

    public static Option<int?> Parallel { get; } = NumberOption.CreateOptional(
        "--parallel", "Runs of the networks side by side, which share the threads: more images a second, each answer later. Default: 1.",
        1, BlipOptions.MostRuns);

    public static Option<string> Orient { get; } = Choice(
        "--orient", "Turn the image as the camera says (EXIF), or leave it as it is stored, as transformers does.", "true", "false");

    public static Option<int?> MaxPixels { get; } = NumberOption.CreateOptional(
        "--max-pixels", $"The most pixels of an image: width x height. Default: {ImageLimits.Default.MaxPixels}.", 1, MostPixels);

    public static Option<int?> MaxBytes { get; } = NumberOption.CreateOptional(
        "--max-bytes", $"The most bytes of an image's file. Default: {ImageLimits.Default.MaxBytes}.", 1);

    public static Option<string> Alpha { get; } = Choice(
        "--alpha", "Put a transparent image on white, or drop its transparency as transformers does.", "white", "drop");

    public static Option<string> Resize { get; } = Choice(
        "--resize", "The order of the resizing passes: as in Pillow today, or as in Pillow up to release 11.", "pillow", "classic");

    public static Option<string> CleanUp { get; } = Choice(
        "--clean-up", "Remove the spaces around apostrophes, as transformers did before its fifth release.", "true", "false");

    static ModelOptions()
    {
        Parallel.Validators.Add(result =>
        {
            // Where the threads are a setting, they are checked with the settings.
            if (result.Parent is CommandResult { Command: { } command } && command.Options.Contains(Threads)
                && NumberOf(result) is { } runs
                && BlipOptions.FindParallelMistake(Parallel.Name, runs, NumberOf(result.GetResult(Threads)) ?? 0) is { } mistake)
                result.AddError(mistake);
        });
    }

    /// <summary>Creates an option that takes one of the given words. The first word is the default.</summary>
    public static Option<string> Choice(string name, string description, params string[] words)
    {
        Option<string> option = new(name)
        {
            Description = description,
            HelpName = string.Join('|', words),
            DefaultValueFactory = _ => words[0],
        };
        option.Validators.Add(result => RequireOneOf(result, name, words));
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>The limits of size that the user gave. Who allows more pixels allows longer sides too.</summary>
    public static ImageLimits Limits(ParseResult parsed)
    {
        ImageLimits limits = ImageLimits.Default;
        if (parsed.GetValue(MaxPixels) is { } pixels)
            limits = limits with { MaxPixels = pixels, MaxSide = pixels > limits.MaxPixels ? pixels : limits.MaxSide };
        return parsed.GetValue(MaxBytes) is { } bytes ? limits with { MaxBytes = bytes } : limits;
    }

    public static ImageOptions Image(ParseResult parsed) => new()
    {
        Limits = Limits(parsed),
        Orientation = parsed.GetValue(Orient) == "false" ? ImageOrientation.Ignore : ImageOrientation.Apply,
        Alpha = parsed.GetValue(Alpha) == "drop" ? AlphaMode.Drop : AlphaMode.White,
        Resize = parsed.GetValue(Resize) == "classic" ? ResizeMode.Classic : ResizeMode.Pillow,
    };

    public static bool IsCleanedUp(ParseResult parsed) => parsed.GetValue(CleanUp) == "true";

    public static BlipOptions Options(ParseResult parsed)
    {
        BlipOptions options = new() { Image = Image(parsed) };
        Apply(parsed, options);
        return options;
    }

    /// <summary>The options of a model that another option than <see cref="Model"/> names.</summary>
    public static BlipOptions Options(ParseResult parsed, Option<string> model)
    {
        BlipOptions options = Options(parsed);
        options.Model = parsed.GetRequiredValue(model);
        return options;
    }

    /// <summary>
    /// Sets model, image size, device, precision, threads and parallel runs as the user gave them. The rest stays as it is: at its
    /// default, or as the settings say.
    /// </summary>
    public static void Apply(ParseResult parsed, BlipOptions options)
    {
        if (IsGiven(Model))
            options.Model = parsed.GetRequiredValue(Model);
        if (parsed.GetValue(Device) is { } device)
            (options.Device, options.DeviceId) = (device.Device, device.Id);
        if (parsed.GetValue(Precision) is { } precision)
            options.Precision = Enum.Parse<BlipPrecision>(precision, ignoreCase: true);
        if (IsGiven(Threads))
            options.Threads = parsed.GetValue(Threads);
        options.Parallel = parsed.GetValue(Parallel) ?? options.Parallel;
        options.BaseModel = parsed.GetValue(BaseModel) ?? options.BaseModel;
        options.ImageSize = parsed.GetValue(ImageSize) ?? options.ImageSize;

        bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };
    }

    /// <summary>Finds the folders of the model that the user names. A hub id is downloaded first, if it is not in the cache.</summary>
    public static Task<ModelFolders> FindAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string model = parsed.GetRequiredValue(Model);
        return DownloadProgress.ShowAsync(model, progress => new ModelLocator(hub: null, progress, new StderrLogger())
            .FindAsync(model, parsed.GetValue(BaseModel), cancellationToken));
    }

    /// <summary>Opens the checkpoint that the user names.</summary>
    public static async Task<Checkpoint> OpenAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ModelFolders folders = await FindAsync(parsed, cancellationToken);
        return Checkpoint.Open(
            folders.Model, new CheckpointOptions { ImageSize = parsed.GetValue(ImageSize), AdapterDirectory = folders.Adapter });
    }

    /// <summary>Finds the folder of a hub id. It is downloaded first, if it is not in the cache.</summary>
    public static async Task<string> DownloadAsync(string id, DownloadProgress progress, CancellationToken cancellationToken)
    {
        using HubClient client = new(logger: new StderrLogger());
        return await client.DownloadAsync(id, progress, cancellationToken);
    }

    /// <summary>Downloads the files of a hub id again that are damaged in the cache.</summary>
    public static async Task<HubRepair> RepairAsync(string id, DownloadProgress progress, CancellationToken cancellationToken)
    {
        using HubClient client = new(logger: new StderrLogger());
        return await client.RepairAsync(id, progress, cancellationToken);
    }

    /// <summary>Loads the model, and describes it in one line on stderr.</summary>
    public static Task<BlipModel> LoadAsync(BlipOptions options, CancellationToken cancellationToken) =>
        LoadAsync(options, BlipModel.LoadAsync, model => model.Info, cancellationToken);

    /// <summary>As <see cref="LoadAsync(BlipOptions, CancellationToken)"/>, for a model of any kind.</summary>
    public static async Task<T> LoadAsync<T>(
        BlipOptions options, Func<BlipOptions, BlipServices, CancellationToken, Task<T>> load, Func<T, BlipModelInfo> infoOf,
        CancellationToken cancellationToken)
    {
        T model = await DownloadProgress.ShowAsync(options.Model, progress =>
        {
            BlipServices services = new() { Progress = progress, LoggerFactory = new StderrLoggerFactory() };
            return load(options, services, cancellationToken);
        });
        Console.Error.WriteLine(Describe(infoOf(model)));
        return model;
    }

    /// <summary>Describes a loaded model in one line.</summary>
    public static string Describe(BlipModelInfo model)
    {
        string name = DemoModels.Has(model.Name)
            ? model.Name + " (a small model that knows drawn scenes only; for photographs give --model)"
            : model.Name;
        return $"model {name}, {model.Device}, {model.Precision}";
    }

    /// <summary>Creates an option that takes one of the given words. It has no default.</summary>
    public static Option<string?> OptionalChoice(string name, string description, params string[] words)
    {
        Option<string?> option = new(name) { Description = description, HelpName = string.Join('|', words) };
        option.Validators.Add(result => RequireOneOf(result, name, words));
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>A number as it was given, which need not be one that the option takes.</summary>
    private static int? NumberOf(OptionResult? option) => option?.Tokens is [{ Value: var word }]
        && int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static Option<string> CreateModel(string standard) => new("--model", "-m")
    {
        Description = $"A folder with a checkpoint, a hub id, or {standard}: the model that is part of blip.",
        HelpName = "DIR|ID",
        DefaultValueFactory = _ => standard,
    };

    private static Option<string?> CreateServiceModel(string name, string what, string demo) => new(name)
    {
        Description = $"{what}, loaded when it is first needed. Default: {demo} where the demo model answers, else none.",
        HelpName = "DIR|ID",
    };

    private static void RequireOneOf(OptionResult result, string name, string[] words)
    {
        string? given = result.Tokens.Count > 0 ? result.Tokens[^1].Value : null;
        if (given is not null && !words.Contains(given))
            result.AddError($"{name} is {given}, but must be one of {string.Join(", ", words)}.");
    }

    private sealed class StderrLoggerFactory : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => new StderrLogger();

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }

    /// <summary>Writes warnings and errors to stderr, one line each.</summary>
    private sealed class StderrLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Console.Error.WriteLine(formatter(state, exception));
        }
    }
}
