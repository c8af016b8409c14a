using System.CommandLine;
using System.Text;
using Slice.Core.Options;
using Slice.Host.CommandLine;

namespace Slice.Tests.Host.CommandLine;

/// <summary>Writes the manual pages, in man(7), from the help texts and the option table.</summary>
internal static class ManualPages
{
    private const string Made = ".\\\" Made from help texts and option table by ManualPageTests (SLICE_WRITE_DOCS=1). Do not edit.\n";

    /// <summary>pingora-slice(1).</summary>
    public static string Command()
    {
        CommandLineOptions options = new();
        HelpText root = HelpText.Parse(CommandLineParser.HelpOf(options.Root, options));
        StringBuilder page = new(Made);
        page.Append(".TH PINGORA\\-SLICE 1 \"\" \"pingora\\-slice\" \"User Commands\"\n.SH NAME\n")
            .Append("pingora\\-slice \\- a caching proxy that fetches large objects in slices\n");
        WriteUsage(page, ".SH SYNOPSIS", root);
        page.Append(".SH DESCRIPTION\n")
            .Append("Cuts each GET into slices, fetches the missing ones from the origin with Range requests, several at a time,\n")
            .Append("caches every slice by itself and streams one ordinary response to the client.\n");
        WriteSections(page, root, ".SH", skipFirst: true);
        page.Append(".SH COMMANDS\n");
        foreach (Command command in options.Root.Subcommands)
        {
            HelpText help = HelpText.Parse(CommandLineParser.HelpOf(command, options));
            page.Append(".SS ").Append(Escape(command.Name)).Append('\n');
            WriteUsage(page, "", help);
            WriteSections(page, help, "", skipFirst: false);
        }

        return page.Append(".SH FILES\n").Append(Paragraph("/etc/pingora-slice/pingora_slice.yaml", "The configuration of the package."))
            .Append(Paragraph("/opt/pingora-slice/pingora_slice.yaml", "The configuration of an installation by hand."))
            .Append(Paragraph("/var/cache/pingora-slice", "The cache, when it is on disk."))
            .Append(Paragraph("/var/log/pingora-slice", "The access log, when it is in a file."))
            .Append(".SH SEE ALSO\n.BR pingora_slice.yaml (5),\n.BR systemd.service (5)\n").ToString();
    }

    /// <summary>pingora_slice.yaml(5).</summary>
    public static string Configuration()
    {
        StringBuilder page = new(Made);
        page.Append(".TH PINGORA_SLICE.YAML 5 \"\" \"pingora\\-slice\" \"File Formats\"\n.SH NAME\n")
            .Append("pingora_slice.yaml \\- configuration of pingora\\-slice\n.SH DESCRIPTION\n")
            .Append(Escape("YAML. In this page, section.key is key: under section:. Unknown keys are errors. Of several files,\n"))
            .Append(Escape("later ones override earlier ones key by key.\n"))
            .Append(".PP\n")
            .Append(Escape("Sizes are bytes or 512k, 1MiB, 10GiB, 1TiB. Durations are seconds or 500ms, 90s, 5m, 1h30m, 7d.\n"))
            .Append(".PP\n")
            .Append(Escape("A file is checked by pingora-slice --check-config FILE, which prints every error at once. After a\n"))
            .Append(Escape("change, systemctl reload pingora-slice reads it again; keys that wait for a restart say so below.\n"));
        foreach (IGrouping<string, OptionKey> group in OptionTable.Keys.GroupBy(key => key.Group))
        {
            page.Append(".SH ").Append(Escape(group.Key.ToUpperInvariant())).Append('\n');
            foreach (OptionKey key in group)
            {
                WriteKey(page, key);
            }
        }

        return page.Append(".SH EXAMPLE\n.EX\nupstream_address: origin.example.com:80\n")
            .Append("slice_patterns:\n  \\- ^/downloads/\ncache_size: 100GiB\n.EE\n")
            .Append(".SH SEE ALSO\n.BR pingora\\-slice (1)\n").ToString();
    }

    private static void WriteKey(StringBuilder page, OptionKey key) => page.Append(".TP\n.B ").Append(Escape(key.Name)).Append('\n')
        .Append(Line(key.Summary)).Append(".br\n")
        .Append(Line($"Default: {key.DefaultText}. Allowed: {key.Allowed}."
            + (key.Reload == OptionReload.Live ? "" : " Waits for a restart.")));

    private static void WriteUsage(StringBuilder page, string heading, HelpText help)
    {
        page.Append(heading).Append(heading.Length > 0 ? "\n" : "").Append(".nf\n");
        foreach (HelpEntry entry in help.EntriesOf("Usage"))
        {
            page.Append(Line(entry.Term));
        }

        page.Append(".fi\n");
    }

    private static void WriteSections(StringBuilder page, HelpText help, string heading, bool skipFirst)
    {
        foreach (HelpSection section in help.Sections.Skip(skipFirst ? 1 : 0).Where(section => section.Title != "Usage"))
        {
            if (section.Title.Length == 0)
            {
                WriteProse(page, section);
                continue;
            }

            page.Append(heading.Length > 0
                ? $"{heading} {Escape(section.Title.ToUpperInvariant())}\n"
                : $".PP\n{Escape(section.Title)}:\n");
            if (section.Title == "Examples")
            {
                page.Append(heading.Length > 0 ? ".EX\n" : ".PP\n.EX\n")
                    .AppendJoin("", section.Lines.Select(line => Line(line.TrimStart()))).Append(".EE\n");
                continue;
            }

            foreach (HelpEntry entry in section.Entries())
            {
                page.Append(Paragraph(entry.Term, entry.Text));
            }
        }
    }

    // Indented lines are a list of names.
    private static void WriteProse(StringBuilder page, HelpSection section)
    {
        page.Append(".PP\n");
        foreach (string line in section.Lines)
        {
            page.Append(line[0] == ' ' ? $".br\n{Line(Portable(line.Trim()))}" : Line(line));
        }
    }

    // Where this build lies, among the places of a configuration, is where the package puts the binary.
    private static string Portable(string place) =>
        place.Replace(AppContext.BaseDirectory, "/opt/pingora-slice/", StringComparison.Ordinal);

    private static string Paragraph(string term, string text) =>
        $".TP\n.B {Escape(term)}\n{(text.Length > 0 ? Line(text) : "\\&\n")}";

    // A line that begins with a dot or an apostrophe would be a request of roff.
    private static string Line(string text) => $"{(text.Length > 0 && text[0] is '.' or '\'' ? "\\&" : "")}{Escape(text)}\n";

    private static string Escape(string text) => text
        .Replace("\\", "\\e", StringComparison.Ordinal)
        .Replace("-", "\\-", StringComparison.Ordinal)
        .Replace("§", "section ", StringComparison.Ordinal)
        .Replace("…", "...", StringComparison.Ordinal);
}
