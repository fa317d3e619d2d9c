using System.Security.Cryptography;
using System.Text;
using Blip.Checkpoints;

namespace Blip.Runtime;

/// <summary>
/// A checkpoint's digest without reading all its weights at each start: the key of what is kept for it. It is noted by the files' places,
/// sizes and times, and the note is used where the files are those that were read. Where note and files came together from elsewhere,
/// as layers of a container's image, or where the system does not say, a sample of every tensor must be the same.
/// </summary>
internal static class KnownDigest
{
    public static string Of(Checkpoint checkpoint, CacheFolder folder)
    {
        string name = "digest-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(checkpoint.Fingerprint)))[..32];
        if (folder.ReadText(name)?.Split(' ') is [var known, var stamp, var samples])
        {
            if (stamp == checkpoint.Stamp)
                return known;
            if ((checkpoint.Stamp is null || folder.HasMoved(name)) && samples == checkpoint.HashSamples())
            {
                if (checkpoint.Stamp is not null)
                    Note(known, samples);
                return known;
            }
        }
        string digest = checkpoint.ComputeDigest();
        Note(digest, checkpoint.HashSamples());
        return digest;

        void Note(string digest, string samples)
        {
            if (checkpoint.Stamp is null || checkpoint.IsStampSettled)
                folder.WriteText(name, $"{digest} {checkpoint.Stamp} {samples}");
        }
    }
}
