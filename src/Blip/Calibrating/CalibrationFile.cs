using System.Globalization;
using System.Text;
using System.Text.Json;
using Blip.Checkpoints;
using Blip.Files;
using Blip.Runtime;
using Microsoft.Extensions.Logging;

namespace Blip.Calibrating;

/// <summary>
/// calibration.json: <c>{"digest":"…","fp32":{"temperature":1.1,"choices_temperature":1.2,"questions":1200},"int8":{…}}</c>. It belongs to
/// the weights with that digest, and each precision has a fit of its own; fp16 has that of fp32.
/// </summary>
internal sealed class CalibrationFile
{
    private const string FileName = "calibration.json", CacheFolderName = "calibration";
    private const int MaxBytes = 64 << 10;

    /// <summary>Hashing so many bytes takes less time than it is worth to remember the digest.</summary>
    private const long SmallBytes = 64L << 20;

    private const double LeastTemperature = 0.05, MostTemperature = 20;

    private readonly Checkpoint _checkpoint;
    private readonly string? _folder, _cache;
    private readonly string? _cacheDirectory;
    private readonly bool _isOwnFolder;

    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="isOwnFolder">Whether the user named its folder. What came from the hub, or with Blip, is not written to.</param>
    /// <param name="cacheDirectory">As <see cref="BlipOptions.CacheDirectory"/> says.</param>
    public CalibrationFile(Checkpoint checkpoint, bool isOwnFolder, string? cacheDirectory)
    {
        (_checkpoint, _cacheDirectory, _isOwnFolder) = (checkpoint, cacheDirectory, isOwnFolder);
        _folder = checkpoint.AdapterDirectory ?? checkpoint.Directory;
        string cache = CacheFolder.PathOrEmpty(cacheDirectory);
        _cache = isOwnFolder || cache.Length == 0 ? null : Path.Combine(cache, CacheFolderName);
    }

    /// <summary>The calibration of a precision, or <see langword="null"/> where there is none for these weights.</summary>
    /// <param name="precision">The precision's name.</param>
    /// <param name="logger">Gets a warning where the file belongs to other weights.</param>
    /// <exception cref="BlipModelException">The file is broken.</exception>
    public Calibration? Read(string precision, ILogger logger)
    {
        if (_cache is not null && Directory.Exists(_cache) && ReadKept(_cache, Digest() + ".json", precision) is { } found)
            return found;
        if (JsonFile.Read(_folder!, FileName, MaxBytes) is not { } root)
            return null;
        if (root.TryGetProperty("digest", out JsonElement digest) && digest.ValueKind == JsonValueKind.String
            && digest.GetString() == Digest())
            return Read(root, precision);
        InferenceLog.CalibratedForOthers(logger);
        return null;
    }

    /// <summary>Checks that there is a place to write to, before the work of a fit.</summary>
    /// <exception cref="BlipException">The files are not the user's, and nothing may be kept elsewhere.</exception>
    public void RequirePlace()
    {
        if (_isOwnFolder || _cache is not null)
            return;
        throw new BlipException(
            BlipErrorCode.InvalidRequest, (CacheFolder.IsHomeless(_cacheDirectory) ? "There is no home folder" : "BLIP_CACHE is empty")
                + ", so a calibration of this model is not kept. Set BLIP_CACHE to a folder, or name a copy of the model (--model DIR).");
    }

    /// <summary>Writes the calibration of a precision beside those of the others.</summary>
    /// <returns>Where it was written.</returns>
    /// <exception cref="BlipException">It cannot be written.</exception>
    public string Write(string precision, Calibration calibration)
    {
        RequirePlace();
        string digest = Digest(), folder = _cache ?? _folder!, name = _cache is null ? FileName : digest + ".json";
        Dictionary<string, Calibration> all = [];
        if (JsonFile.Read(folder, name, MaxBytes) is { } root && root.TryGetProperty("digest", out JsonElement known)
            && known.ValueKind == JsonValueKind.String && known.GetString() == digest)
        {
            foreach (string other in (ReadOnlySpan<string>)["fp32", "int8"])
            {
                if (Read(root, other) is { } kept)
                    all[other] = kept;
            }
        }
        all[Key(precision)] = calibration;
        string path = Path.Combine(folder, name);
        try
        {
            AtomicFile.Replace(path, Json(digest, all));
            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BlipException(BlipErrorCode.FileNotFound, $"{path} cannot be written. Check the folder's permissions.", exception);
        }
    }

    /// <summary>A file in Blip's own cache was published nowhere, and the user does not know where it is.</summary>
    private static Calibration? ReadKept(string folder, string name, string precision)
    {
        try
        {
            return JsonFile.Read(folder, name, MaxBytes) is { } kept ? Read(kept, precision) : null;
        }
        catch (BlipModelException exception)
        {
            throw new BlipModelException(
                $"The calibration {Path.Combine(folder, name)} cannot be used. Remove it, and run blip calibrate again.", exception);
        }
    }

    private static string Json(string digest, Dictionary<string, Calibration> all)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter writer = new(text, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteString("digest", digest);
            foreach ((string precision, Calibration one) in all)
            {
                writer.WriteStartObject(precision);
                writer.WriteNumber("temperature", Math.Round(one.Temperature, 4));
                if (one.ChoicesTemperature is { } temperature)
                    writer.WriteNumber("choices_temperature", Math.Round(temperature, 4));
                writer.WriteNumber("questions", one.Questions);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray()) + "\n";
    }

    private static Calibration? Read(JsonElement root, string precision)
    {
        if (!root.TryGetProperty(Key(precision), out JsonElement fit))
            return null;
        if (fit.ValueKind != JsonValueKind.Object)
            throw Broken(Key(precision));
        return new Calibration
        {
            Temperature = Number(fit, "temperature") ?? throw Broken("temperature"),
            ChoicesTemperature = Number(fit, "choices_temperature"),
            Questions = fit.TryGetProperty("questions", out JsonElement questions) && questions.ValueKind == JsonValueKind.Number
                && questions.TryGetInt32(out int count) ? count : 0,
        };
    }

    private static double? Number(JsonElement fit, string name) =>
        !fit.TryGetProperty(name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && number is >= LeastTemperature and <= MostTemperature ? number
        : throw Broken(name);

    private static string Key(string precision) => precision == "fp16" ? "fp32" : precision;

    private static BlipModelException Broken(string member) => new(string.Create(CultureInfo.InvariantCulture,
        $"{FileName} has no valid '{member}': a temperature is {LeastTemperature} to {MostTemperature}. ")
        + "Remove it, and run blip calibrate again.");

    private string Digest()
    {
        if (_checkpoint.Files.Sum(file => file.Length) <= SmallBytes)
            return _checkpoint.ComputeDigest();
        try
        {
            if (CacheFolder.Open(_cacheDirectory, SystemDisk.Instance) is { } folder)
                return KnownDigest.Of(_checkpoint, folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // Then it is computed at each start.
        }
        return _checkpoint.ComputeDigest();
    }
}
