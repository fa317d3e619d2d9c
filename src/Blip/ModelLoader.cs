using Blip.Checkpoints;
using Blip.Hub;
using Blip.Networks;
using Blip.Runtime;
using Blip.Text;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace Blip;

/// <summary>The parts of a model, checked against one another and ready to answer.</summary>
internal sealed record LoadedModel<TNetwork>(
    DeviceSelection Selection, Checkpoint Checkpoint, BertTokenizer Tokenizer, TNetwork Network);

/// <summary>Loads the parts of a model. If it fails, at any step, it releases all that it took.</summary>
/// <param name="kind">The kind that the model must be of.</param>
/// <param name="options">Which model, and where.</param>
/// <param name="progress">Gets the progress of loading.</param>
/// <param name="logger">Logs known errors in the model's files.</param>
/// <param name="bytesChanged">Gets every change of the native memory of encoded images, in bytes.</param>
internal sealed class ModelLoader<TNetwork>(
    ModelKind<TNetwork> kind, BlipOptions options, IProgress<LoadProgress>? progress, ILogger logger, Action<long> bytesChanged)
    where TNetwork : ImageNetwork
{
    private readonly string _name = ModelLocator.NameOf(options.Model);

    public async Task<LoadedModel<TNetwork>> LoadAsync(CancellationToken cancellationToken)
    {
        // ONNX Runtime's library takes as long to load as the model's small files to read. On a thread of its own: those of the pool may be
        // taken by callers who wait for this.
        Task<DeviceSelection> device = Task.Factory.StartNew(
            ChooseDevice, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        // Errors about this machine come before anything is downloaded.
        if (!ModelLocator.IsWhole(options.Model))
            await device.ConfigureAwait(false);
        try
        {
            return await LoadAsync(device, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // And before errors about the model.
            await device.ConfigureAwait(false);
            throw;
        }
    }

    private DeviceSelection ChooseDevice()
    {
        OrtRuntime.EnsureEnvironment(options.PoolThreads);
        return DeviceSelection.Choose(options.Device, options.DeviceId, options.Precision, logger);
    }

    private async Task<LoadedModel<TNetwork>> LoadAsync(Task<DeviceSelection> device, CancellationToken cancellationToken)
    {
        HubProgressRelay? download = progress is null ? null : new HubProgressRelay(_name, progress);
        ModelLocator locator = new(options.Hub, download, logger);
        ModelFolders folders = await locator.FindAsync(options.Model, options.BaseModel, cancellationToken).ConfigureAwait(false);
        Report(LoadStage.Reading);
        CheckpointOptions how = new()
        {
            ObeyHeadCount = options.ObeyHeadCount, ImageSize = options.ImageSize, AdapterDirectory = folders.Adapter,
        };
        Checkpoint checkpoint = Checkpoint.Open(folders.Model, how, logger);
        try
        {
            checkpoint.Architecture.ThrowUnless(kind.Architecture, _name);
            BertTokenizer tokenizer = BertTokenizer.Load(checkpoint.Directory);
            if (tokenizer.VocabularySize > checkpoint.Config.Text.VocabSize)
            {
                throw new BlipModelException(
                    $"The tokenizer has {tokenizer.VocabularySize} entries, but config.json gives the model a vocabulary of " +
                    $"{checkpoint.Config.Text.VocabSize}: use vocab.txt and tokenizer.json of the same model as the weights.");
            }
            CheckStart(tokenizer, checkpoint.Config.Text.BosTokenId);
            cancellationToken.ThrowIfCancellationRequested();
            (DeviceSelection selection, TNetwork network) = CreateNetwork(
                checkpoint, tokenizer, await device.ConfigureAwait(false), cancellationToken);
            return new LoadedModel<TNetwork>(selection, checkpoint, tokenizer, network);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Checks that the token with which config.json begins an answer is the one that the tokenizer has for it.</summary>
    private void CheckStart(BertTokenizer tokenizer, int start)
    {
        if (!tokenizer.TryGetTokenId("[DEC]", out int expected) || start == expected)
            return;
        if (start < tokenizer.VocabularySize && !tokenizer.IsSpecial(start))
        {
            throw new BlipModelException(
                $"The tokenizer gives [DEC], which begins an answer, the id {expected}; text_config.bos_token_id in config.json is " +
                $"{start}, which is a word. Use vocab.txt and tokenizer.json of the same model as config.json and the weights.");
        }
        InferenceLog.StartIsAnother(logger, expected, start);
    }

    /// <summary>Makes the network; where <see cref="BlipPrecision.Auto"/> finds that int8 deviates, the one in fp32.</summary>
    private (DeviceSelection, TNetwork) CreateNetwork(
        Checkpoint checkpoint, BertTokenizer tokenizer, DeviceSelection selection, CancellationToken cancellationToken)
    {
        TNetwork network = Create(checkpoint, selection, cancellationToken);
        try
        {
            if (options.Precision == BlipPrecision.Auto && selection.Precision == BlipPrecision.Int8)
            {
                DeviceSelection exact = selection with { Precision = BlipPrecision.Fp32 };
                double deviation = PrecisionProbe.Deviation(
                    checkpoint, network, () => Create(checkpoint, exact, cancellationToken), tokenizer, cancellationToken);
                if (deviation > PrecisionProbe.Acceptable)
                {
                    InferenceLog.Int8Deviates(logger, deviation);
                    network.Dispose();
                    network = Create(checkpoint, selection = exact, cancellationToken);
                }
            }
            Report(LoadStage.Ready);
            return (selection, network);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private TNetwork Create(Checkpoint checkpoint, DeviceSelection selection, CancellationToken cancellationToken)
    {
        Report(LoadStage.Preparing, 0);
        TNetwork network = kind.Create(
            new SessionFactory(
                checkpoint, selection, options.PoolThreads, options.CacheDirectory, options.DeviceId, options.GpuMemoryLimit)
            {
                ProfileFolder = options.ProfileFolder,
            },
            bytesChanged);
        try
        {
            network.Prepare(done => Report(LoadStage.Preparing, done), cancellationToken);
            if (network.CacheProblem is { } problem)
                InferenceLog.NotKept(logger, problem);
            else if (network.Cache is { IsMended: true, KeptFile: { } file })
                InferenceLog.Mended(logger, file);
            return network;
        }
        catch (OnnxRuntimeException exception)
        {
            network.Dispose();
            throw new BlipModelException(
                "The networks cannot be made: a file of the model was changed while it was read, or there is too little memory. " +
                "Load the model again.",
                exception);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private void Report(LoadStage stage, double? done = null) => progress?.Report(new LoadProgress(stage, _name, Done: done));

    private sealed class HubProgressRelay(string model, IProgress<LoadProgress> progress) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => progress.Report(new LoadProgress(LoadStage.Downloading, model, value));
    }
}
