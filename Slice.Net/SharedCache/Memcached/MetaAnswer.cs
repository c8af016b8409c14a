using System.Buffers.Text;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>The first line of an answer of the meta protocol.</summary>
/// <param name="Code">How it begins.</param>
/// <param name="Fields">Which of the flags are there; the numbers of others are 0.</param>
/// <param name="LengthBytes">Length of the value that follows; 0 unless the code is <see cref="MetaCode.Value"/>.</param>
/// <param name="RemainingSeconds">Seconds until the value goes, by the server's clock of whole seconds; −1 for never.</param>
/// <param name="ClientFlags">The number that the writer has put beside the value.</param>
/// <param name="Cas">The number of this version of the value.</param>
internal readonly record struct MetaAnswer(
    MetaCode Code, MetaFields Fields, int LengthBytes, int RemainingSeconds, uint ClientFlags, ulong Cas)
{
    // Of what a server says about an error; the rest is for its own log.
    private const int LongestError = 200;

    /// <summary>Reads a line, without its CR LF.</summary>
    /// <param name="line">The line.</param>
    /// <param name="key">The key that was asked for; an answer about another one is wrong.</param>
    /// <param name="asked">
    /// The flags that were asked for: a value, or that a change was done, comes with all of them, anything else with some of them.
    /// </param>
    /// <param name="answer">The answer; of no meaning when the result is not null.</param>
    /// <returns>What is wrong, or null. An error of the server's is wrong, too.</returns>
    public static string? Parse(ReadOnlySpan<byte> line, ReadOnlySpan<byte> key, MetaFields asked, out MetaAnswer answer)
    {
        answer = default;
        var tokens = new MetaTokens(line);
        if (!tokens.TryNext(out var first) || !TryReadCode(first, out var code))
        {
            return ErrorOf(line);
        }

        int length = 0;
        if (code == MetaCode.Value && !(tokens.TryNext(out var size) && TryReadNumber(size, out length)))
        {
            return "an answer without the length of its value";
        }

        answer = new MetaAnswer(code, MetaFields.None, length, 0, 0, 0);
        while (tokens.TryNext(out var token))
        {
            if (answer.With(token, key) is not { } longer || longer.Fields == answer.Fields)
            {
                return "an answer with a flag that is wrong, there twice, or of another key";
            }

            answer = longer;
        }

        bool isWhole = code is MetaCode.Value or MetaCode.Done ? answer.Fields == asked : (answer.Fields & ~asked) == 0;
        return !tokens.IsAtEnd ? "an answer with empty words" : isWhole ? null : "an answer with other flags than were asked for";
    }

    /// <summary>Reads a number of digits alone, without a sign and at most that of the type.</summary>
    public static bool TryReadNumber(ReadOnlySpan<byte> digits, out ulong number)
    {
        number = 0;

        // Utf8Parser takes a plus sign.
        return !digits.IsEmpty
            && char.IsAsciiDigit((char)digits[0])
            && Utf8Parser.TryParse(digits, out number, out int consumed)
            && consumed == digits.Length;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> digits, out int number)
    {
        bool isRead = TryReadNumber(digits, out ulong wide) && wide <= int.MaxValue;
        number = isRead ? (int)wide : 0;
        return isRead;
    }

    private static bool TryReadCode(ReadOnlySpan<byte> token, out MetaCode code)
    {
        code = token switch
        {
            [(byte)'V', (byte)'A'] => MetaCode.Value,
            [(byte)'H', (byte)'D'] => MetaCode.Done,
            [(byte)'E', (byte)'N'] => MetaCode.Miss,
            [(byte)'N', (byte)'F'] => MetaCode.NotFound,
            [(byte)'N', (byte)'S'] => MetaCode.NotStored,
            [(byte)'E', (byte)'X'] => MetaCode.Exists,
            _ => (MetaCode)(-1),
        };
        return code >= 0;
    }

    private static string ErrorOf(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("SERVER_ERROR "u8) && !line.StartsWith("CLIENT_ERROR "u8) && !line.StartsWith("ERROR"u8))
        {
            return "an answer that is none of the meta protocol";
        }

        string text = string.Create(
            Math.Min(line.Length, LongestError),
            line,
            static (characters, bytes) =>
            {
                for (int index = 0; index < characters.Length; index++)
                {
                    characters[index] = bytes[index] is >= (byte)' ' and <= (byte)'~' ? (char)bytes[index] : '?';
                }
            });
        return text switch
        {
            _ when text.StartsWith("SERVER_ERROR object too large", StringComparison.Ordinal) =>
                $"{text}: its item limit (-I) is below the item size that is configured here",
            _ when text.StartsWith("SERVER_ERROR out of memory", StringComparison.Ordinal) =>
                $"{text}: its memory (-m) is full, and it may not or cannot make room",
            "ERROR" => "ERROR: it does not know the meta protocol (memcached 1.6 and later do)",
            _ => text,
        };
    }

    // Null for a flag that is wrong, or the key of something else.
    private MetaAnswer? With(ReadOnlySpan<byte> token, ReadOnlySpan<byte> key)
    {
        var rest = token[1..];
        ulong number;
        return (char)token[0] switch
        {
            'k' when rest.SequenceEqual(key) => this with { Fields = Fields | MetaFields.Key },
            't' when rest.SequenceEqual("-1"u8) => this with { Fields = Fields | MetaFields.Remaining, RemainingSeconds = -1 },
            't' when TryReadNumber(rest, out int seconds) =>
                this with { Fields = Fields | MetaFields.Remaining, RemainingSeconds = seconds },
            'f' when TryReadNumber(rest, out number) && number <= uint.MaxValue =>
                this with { Fields = Fields | MetaFields.ClientFlags, ClientFlags = (uint)number },
            'c' when TryReadNumber(rest, out number) => this with { Fields = Fields | MetaFields.Cas, Cas = number },
            _ => null,
        };
    }
}
