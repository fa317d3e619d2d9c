using System.Runtime.InteropServices;
using Blip.Images;
using ImageMagick;

namespace Blip.Magick;

/// <summary>Sets ImageMagick up before its first call, and translates its errors.</summary>
internal static class Native
{
    private static readonly Lock Gate = new();

    private static bool _isReady;

    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.ImageCorrupt"/>, <see cref="BlipErrorCode.PackageMissing"/> or <see cref="BlipErrorCode.Internal"/>.
    /// </exception>
    public static T Call<T>(ImageFormat format, Func<T> call)
    {
        try
        {
            SetUp();
            return call();
        }
        catch (Exception missing) when (missing is DllNotFoundException or TypeInitializationException)
        {
            throw new BlipException(BlipErrorCode.PackageMissing,
                $"ImageMagick's native library is missing, or it does not fit this system ({RuntimeInformation.RuntimeIdentifier}). "
                + "Convert the image to JPEG or PNG.",
                missing);
        }
        catch (MagickBlobErrorException failure)
        {
            throw new BlipException(BlipErrorCode.Internal,
                $"The temporary folder cannot be written. {ImageErrors.Name(format)} images pass through it: "
                + "MagickNET.SetTempDirectory names another one.",
                failure);
        }
        catch (MagickException failure)
        {
            throw ImageErrors.Corrupt(format, "its pixels cannot be decoded", failure);
        }
    }

    private static void SetUp()
    {
        if (Volatile.Read(ref _isReady))
            return;
        lock (Gate)
        {
            if (_isReady)
                return;
            if (OperatingSystem.IsWindows())
                ReadSettings();
            else
                SettingsFolder.Hold("/tmp", ReadSettings);
            Volatile.Write(ref _isReady, true);
        }
    }

    private static void ReadSettings()
    {
        foreach (IMagickFormatInfo format in MagickNET.SupportedFormats)
            if (format.Format is not (MagickFormat.Heic or MagickFormat.Avif or MagickFormat.Tiff or MagickFormat.Jxl))
                format.Unregister();
        ResourceLimits.Disk = 0;
        ResourceLimits.Thread = 1;
        try
        {
            new MagickImage((byte[])[0], new MagickReadSettings { Format = MagickFormat.Tiff }).Dispose();
        }
        catch (MagickException)
        {
            // The first error reads the rest of the settings: the texts of errors.
        }
    }
}
