using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Blip.Checkpoints;
using Blip.Hosting;
using Blip.Images;
using Blip.ImageSharp;

namespace Blip.Cli;

/// <summary><c>blip preprocess</c>: writes the model's input for an image, as a PNG or as numbers.</summary>
internal static class PreprocessCommand
{
    private static readonly Argument<string?> Input = new("IMAGE") { Description = "The image.", Arity = ArgumentArity.ZeroOrOne };

    private static readonly Option<string?> Batch = new("--batch")
    {
        Description = "A file with a path as a JSON string on each line, or - for standard input.",
        HelpName = "FILE",
    };

    private static readonly Option<string> Out = new("--out", "-o")
    {
        Description = "A .png or .safetensors file; with --batch a folder.",
        HelpName = "FILE|DIR",
        Required = true,
    };

    public static Command Create()
    {
        Verb command = new(
            "preprocess", "Write the model's input for an image.",
            "blip preprocess dogs.jpg --out seen.png")
        {
            Input, Batch, Out, ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Orient,
            ModelOptions.Alpha, ModelOptions.Resize, ModelOptions.MaxPixels, ModelOptions.MaxBytes,
        };
        command.Validators.Add(RequireInputAndForm);
        command.SetAction(RunAsync);
        return command;
    }

    private static void RequireInputAndForm(CommandResult result)
    {
        bool batch = result.GetValue(Batch) is not null;
        if (batch == result.GetValue(Input) is not null)
            result.AddError("Give either IMAGE or --batch FILE.");
        else if (!batch && result.GetResult(Out) is not null && Path.GetExtension(result.GetValue(Out)) is not (".png" or ".safetensors"))
            result.AddError("--out must end in .png or .safetensors.");
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        PreprocessorConfig config = PreprocessorConfig.Load((await ModelOptions.FindAsync(parsed, cancellationToken)).Model);
        int? size = parsed.GetValue(ModelOptions.ImageSize);
        ImagePreprocessor preprocessor = new(size ?? config.Width, size ?? config.Height, ModelOptions.Image(parsed));
        using ImageReader reader = new(ModelOptions.Limits(parsed));
        string target = parsed.GetRequiredValue(Out);
        if (parsed.GetValue(Input) is { } image)
        {
            PartialOutput.Check(target, image);
            Write(preprocessor, config, await reader.ReadAsync(image, cancellationToken), target);
            return 0;
        }

        if (File.Exists(target))
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{target} is a file. With {Batch.Name} the output is a folder.");
        using StreamReader lines = InputLines.Open(parsed.GetRequiredValue(Batch)!);
        Directory.CreateDirectory(target);
        using JsonLines output = new();
        int code = 0;
        for (int number = 0; await InputLines.NextAsync(lines, cancellationToken) is { } line; number++)
        {
            string? path = null;
            try
            {
                path = InputLines.ReadString(line);
                string file = Path.Combine(target, FormattableString.Invariant($"{number}.safetensors"));
                Write(preprocessor, config, await reader.ReadAsync(path, cancellationToken), file);
                output.Write(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("image", path);
                    writer.WriteString("out", file);
                    writer.WriteEndObject();
                });
            }
            catch (BlipException exception)
            {
                output.Write(writer => AnswerJson.WriteError(writer, exception.Code, exception.Message, image: path));
                code = CommandLine.Failure;
            }
        }
        return code;
    }

    private static void Write(ImagePreprocessor preprocessor, PreprocessorConfig config, BlipImage image, string target)
    {
        using PixelTensor pixels = preprocessor.Process(image);
        string partial = PartialOutput.Beside(target);
        try
        {
            using (FileStream file = File.Create(partial))
            {
                if (Path.GetExtension(target) == ".png")
                    pixels.WritePng(file);
                else
                    WriteSafetensors(file, pixels, config);
            }
            File.Move(partial, target, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    private static void WriteSafetensors(Stream file, PixelTensor pixels, PreprocessorConfig config)
    {
        float[] values = new float[pixels.Span.Length];
        pixels.CopyPixelValues(values, config.RescaleFactor, [.. config.ImageMean], [.. config.ImageStd]);
        int bytes = values.Length * sizeof(float);
        SafetensorsWriter.Write(file,
        [
            new("pixel_values", "F32", [3, pixels.Height, pixels.Width], bytes, to => to.Write(MemoryMarshal.AsBytes<float>(values))),
            new("rgb", "U8", [pixels.Height, pixels.Width, 3], values.Length, to => to.Write(pixels.Span)),
        ]);
    }
}
